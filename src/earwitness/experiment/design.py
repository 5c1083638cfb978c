"""What an experiment is, before it runs.

Plain frozen values, so that a claim can be read, stored with its run and judged again years later.
No I/O, no clock, no randomness, and no knowledge of any server lives here.

A ``Claim`` says something; its ``Hypothesis`` values say it measurably; an ``Experiment`` has the
``Arm`` values (named configurations), the ``Metric`` values they are measured in, and one ``Plan``
for each depth at which it runs.
"""

import enum
import itertools
from collections.abc import Mapping

import msgspec

Setting = str | int | float | bool


class Depth(enum.StrEnum):
    """How long a run may take and how much it may say."""

    PROOF = "proof"
    """Seconds; one exact or counted outcome for the headline."""
    STUDY = "study"
    """Minutes; intervals and the boundary."""
    FULL = "full"
    """Everything that the claim can measure."""

    @property
    def and_below(self) -> tuple["Depth", ...]:
        """This depth and the lesser ones, this one first."""
        depths = tuple(Depth)
        return depths[depths.index(self) :: -1]


class Role(enum.StrEnum):
    """What a hypothesis is for; only ``CLAIM`` decides the verdict of the claim."""

    CLAIM = "claim"
    MECHANISM = "mechanism"
    RIVAL = "rival"
    REMEDY = "remedy"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where something was said. ``seconds`` is the offset into the episode, where it is known."""

    show: str
    episode: str
    chapter: str | None = None
    seconds: float | None = None


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """A named scalar of an observation.

    ``unit`` is empty for a plain count, "share" for a part of one, and "yes or no" for a question
    that a trial answers with 1 or 0. ``of`` names the metric that a count is a part of, so that it
    is said as one: 239 of 303 locks.
    """

    name: str
    title: str
    unit: str = ""
    of: str = ""


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """A named configuration. Two arms that are compared differ in one setting."""

    name: str
    title: str
    settings: Mapping[str, Setting] = {}


def sweep(name: str, title: str, **axes: tuple[Setting, ...]) -> tuple[Arm, ...]:
    """Arms for every combination of the axes, named and titled by formatting with the values.

    >>> [arm.name for arm in sweep("p{partitions}", "{partitions} partitions", partitions=(1, 10))]
    ['p1', 'p10']
    """
    points = (dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values()))
    return tuple(
        Arm(name=name.format(**point), title=title.format(**point), settings=point)
        for point in points
    )


# A contrast turns one block of observations into one number.


class Value(msgspec.Struct, frozen=True, kw_only=True, tag="value"):
    """A metric of one arm, in the metric's unit."""

    metric: str
    arm: str


class Ratio(msgspec.Struct, frozen=True, kw_only=True, tag="ratio"):
    """Metric of ``arm`` over metric of ``reference``, in the same block; analysed as logarithms."""

    metric: str
    arm: str
    reference: str


class Difference(msgspec.Struct, frozen=True, kw_only=True, tag="difference"):
    """Metric of ``arm`` minus metric of ``reference``, in the same block, in the metric's unit."""

    metric: str
    arm: str
    reference: str


class Share(msgspec.Struct, frozen=True, kw_only=True, tag="share"):
    """The proportion of trials of ``arm`` whose outcome ``metric`` equals ``equals``."""

    metric: str
    arm: str
    equals: str


Contrast = Value | Ratio | Difference | Share


# A criterion says which numbers would bear the hypothesis out.


class AtLeast(msgspec.Struct, frozen=True, tag="at_least"):
    """The effect is ``threshold`` or more."""

    threshold: float


class AtMost(msgspec.Struct, frozen=True, tag="at_most"):
    """The effect is ``threshold`` or less."""

    threshold: float


class Within(msgspec.Struct, frozen=True, tag="within"):
    """The effect lies between ``low`` and ``high``: equivalence, not mere lack of a difference."""

    low: float
    high: float


Criterion = AtLeast | AtMost | Within


class Inference(enum.StrEnum):
    """How the blocks become a verdict."""

    EXACT = "exact"
    """Counted: every block must meet the criterion, at least three of them; one dissent refutes."""
    INTERVAL = "interval"
    """Measured: the whole 95 % interval must lie past the threshold."""


class Hypothesis(msgspec.Struct, frozen=True, kw_only=True):
    """One measurable sentence, in the direction that the claim predicts.

    ``question`` is what a reader is asked to predict, and names the effect and its unit.
    """

    id: str
    statement: str
    question: str
    role: Role
    experiment: str
    contrast: Contrast
    criterion: Criterion
    inference: Inference


# A gate is a condition under which a verdict may be given.


class Condition(msgspec.Struct, frozen=True, kw_only=True, tag="condition"):
    """Every observation (of ``arms``; all when empty) has ``metric`` within the criterion."""

    id: str
    statement: str
    metric: str
    criterion: Criterion
    arms: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    """Hypotheses that it guards; empty: all measured hypotheses of the experiment."""


class Control(msgspec.Struct, frozen=True, kw_only=True, tag="control"):
    """A/A: the interval of the ratio between an arm and its identical twin contains 1."""

    id: str
    statement: str
    metric: str
    arm: str
    twin: str
    guards: tuple[str, ...] = ()
    """Hypotheses that it guards; empty: all measured hypotheses of the experiment."""


Gate = Condition | Control


class Sequential(msgspec.Struct, frozen=True, kw_only=True, tag="sequential"):
    """Look after every block from ``least`` on; stop when all is decided, or after ``most``."""

    least: int
    most: int


class Fixed(msgspec.Struct, frozen=True, kw_only=True, tag="fixed"):
    """Exactly ``blocks`` blocks, looked at once, at the end."""

    blocks: int


Design = Sequential | Fixed


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What an experiment does at one depth: which arms (all when empty), how many blocks."""

    design: Design
    arms: tuple[str, ...] = ()
    settings: Mapping[str, Setting] = {}
    """Settings of the bench at this depth (seconds of load, rows of a table, ...)."""


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    """Arms x blocks on one bench, and the conditions under which they mean something."""

    id: str
    title: str
    arms: tuple[Arm, ...]
    metrics: tuple[Metric, ...]
    plans: Mapping[Depth, Plan]
    gates: tuple[Gate, ...] = ()

    def plan_at(self, depth: Depth) -> Plan | None:
        """The plan for this depth, else the nearest lesser one; None when it does not run yet."""
        return next((self.plans[d] for d in depth.and_below if d in self.plans), None)

    def arms_of(self, plan: Plan) -> tuple[Arm, ...]:
        """The arms that this plan runs, in the order in which the experiment lists them."""
        return tuple(arm for arm in self.arms if not plan.arms or arm.name in plan.arms)

    def metric(self, name: str) -> Metric:
        """The metric of that name; KeyError when there is none."""
        return {metric.name: metric for metric in self.metrics}[name]

    def arm(self, name: str) -> Arm:
        """The arm of that name; KeyError when there is none."""
        return {arm.name: arm for arm in self.arms}[name]


class Bars(msgspec.Struct, frozen=True, kw_only=True, tag="bars"):
    """One bar for each arm: the median of ``metric`` over the blocks, and its spread."""

    experiment: str
    metric: str
    title: str
    caption: str
    arms: tuple[str, ...] = ()
    """Which arms, in which order; empty: all that ran."""
    logarithmic: bool = False


class Curve(msgspec.Struct, frozen=True, kw_only=True, tag="curve"):
    """``metric`` against the setting ``along`` of the arms, one line for each of ``metrics``."""

    experiment: str
    metrics: tuple[str, ...]
    along: str
    title: str
    caption: str
    logarithmic: bool = False


class Waterfall(msgspec.Struct, frozen=True, kw_only=True, tag="waterfall"):
    """Arms that each add one cause: every bar starts where the one before it ended."""

    experiment: str
    metric: str
    title: str
    caption: str
    arms: tuple[str, ...]


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A place of a topology. ``before`` and ``after``: metrics; None where nothing is counted."""

    name: str
    title: str
    before: str | None = None
    after: str | None = None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A connection between two nodes, by their names."""

    first: str
    second: str


class Topology(msgspec.Struct, frozen=True, kw_only=True, tag="topology"):
    """A map of what is connected to what, with two metrics at each node: medians of one arm.

    Drawn in rows, by distance from the first node.
    """

    experiment: str
    arm: str
    title: str
    caption: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """All metrics that it shows, by node, before first."""
        named = (metric for node in self.nodes for metric in (node.before, node.after))
        return tuple(metric for metric in named if metric is not None)

    @property
    def arms(self) -> tuple[str, ...]:
        """The arm that it shows."""
        return (self.arm,)


class HeatMap(msgspec.Struct, frozen=True, kw_only=True, tag="heat_map"):
    """A row for each arm of ``experiments``, a column for each metric: medians over the blocks.

    The metrics are of one unit, which every experiment has; the greatest median is the darkest.
    """

    experiments: tuple[str, ...]
    metrics: tuple[str, ...]
    title: str
    caption: str


Chart = Bars | Curve | Waterfall | Topology | HeatMap


class Boundary(msgspec.Struct, frozen=True, kw_only=True):
    """When the claim holds and when it does not.

    Each half goes on after "true when" or "false when", in lower case, and ends with a full stop.
    """

    true_when: str
    false_when: str


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """What to do, and the hypothesis that shows it working."""

    text: str
    hypothesis: str


class Surprise(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence for the end of a run: said when ``hypothesis`` got a verdict of ``verdicts``.

    ``text`` may use ``{effect}`` (with its unit) and ``{interval}`` of that hypothesis.
    """

    hypothesis: str
    text: str
    verdicts: tuple[str, ...] = ("supported",)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What an episode says, in our words, and how it is put to the test."""

    id: str
    title: str
    """The claim in one line, taken literally."""
    said: str
    """What was said, in our words."""
    source: Source
    headline: str
    """Id of the hypothesis whose verdict is shown first."""
    hypotheses: tuple[Hypothesis, ...]
    experiments: tuple[Experiment, ...]
    boundary: Boundary
    remedy: Remedy
    charts: tuple[Chart, ...] = ()
    surprises: tuple[Surprise, ...] = ()

    def hypothesis(self, id: str) -> Hypothesis:
        """The hypothesis of that id; KeyError when there is none."""
        return {hypothesis.id: hypothesis for hypothesis in self.hypotheses}[id]

    def experiment(self, id: str) -> Experiment:
        """The experiment of that id; KeyError when there is none."""
        return {experiment.id: experiment for experiment in self.experiments}[id]
