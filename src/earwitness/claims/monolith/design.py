"""The experiments: where the same monitoring runs, and how often.

Values only, part of ``claim``. The first arms are a ladder: each goes without one thing more than
the arm before it. Settings of an arm:

``work``: "functions" or "process"; ``machine``: states of the state machine for a window, "steps",
"one" or "none"; ``objects``: what the steps hand over lies in one object for each "picture" or each
"window", or is not stored ("none"); ``streams``: how many are watched at once; ``clones``: processes
for each stream, the detectors divided among them; ``compute``: how it is charged for computing,
"nothing", "functions" or "containers".
"""

from collections.abc import Mapping

from earwitness.experiment.design import (
    Arm,
    AtMost,
    Condition,
    Control,
    Depth,
    Experiment,
    Fixed,
    Metric,
    Plan,
    Sequential,
    Setting,
)

CONTAINER_VCPU = 0.25
"""What each process, and each function that does a window whole, is charged for at least."""
HEAVY_VCPU = 4.0
"""A stream whose detection is heavy: the other end of the price."""

_SMALL: Mapping[str, Setting] = {
    "width": 320,
    "height": 180,
    "windows": 6,
    "window_seconds": 2,
    "samples_per_second": 2,
}
"""A stream of twelve seconds; the state machine runs once for each window."""
_LARGE: Mapping[str, Setting] = {**_SMALL, "width": 640, "height": 360, "windows": 15}


def _arm(
    name: str,
    title: str,
    *,
    work: str = "functions",
    machine: str = "none",
    objects: str = "none",
    streams: int = 1,
    clones: int = 1,
    compute: str = "functions",
) -> Arm:
    settings: dict[str, Setting] = {
        "work": work,
        "machine": machine,
        "objects": objects,
        "streams": streams,
        "clones": clones,
        "compute": compute,
    }
    return Arm(name=name, title=title, settings=settings)


_STEPS = _arm(
    "steps",
    "steps, an object for each picture",
    machine="steps",
    objects="picture",
    compute="nothing",
)
_MONOLITH = _arm("monolith", "one process", work="process", compute="containers")
LADDER = (
    _STEPS,
    _arm(
        "batched",
        "steps, one object for each window",
        machine="steps",
        objects="window",
        compute="nothing",
    ),
    _arm("one-state", "one function, started by a state machine", machine="one"),
    _arm("one-function", "one function, invoked directly"),
    _MONOLITH,
)
_CLONES = (
    _arm(
        "three-streams",
        "three clones, three streams",
        work="process",
        streams=3,
        compute="containers",
    ),
    _arm(
        "four-clones",
        "four clones of one stream, a detector each",
        work="process",
        clones=4,
        compute="containers",
    ),
)

_COUNTS = (
    Metric(name="wrong", title="Defects missed or made up"),
    Metric(name="pieces", title="Pieces billed for a stream-minute"),
    Metric(name="transitions", title="State transitions for a stream-minute"),
    Metric(name="invocations", title="Invocations for a stream-minute"),
    Metric(name="requests", title="Requests to the object store for a stream-minute"),
    Metric(name="stored_bytes", title="Through the object store in a stream-minute", unit="bytes"),
    Metric(name="decoded", title="Pictures decoded for a stream-minute"),
    Metric(name="fetched", title="Segments fetched for a stream-minute"),
    Metric(name="cpu_share", title="CPU seconds for each second of a stream"),
    Metric(name="usd_hour", title="Price of a stream-hour (steps: computing left out)", unit="USD"),
    Metric(
        name="usd_hour_heavy",
        title="Price of a stream-hour whose detection needs four vCPUs",
        unit="USD",
    ),
)
_PRICED = (
    "nine-tenths",
    "one-function",
    "one-state",
    "batched",
    "heavy",
    "no-pieces",
    "clones-share-nothing",
)
"""Hypotheses that mean nothing where the work was not done, or more than was paid for."""

bill = Experiment(
    id="bill",
    title="The same monitoring of the same stream, counted and priced",
    arms=(*LADDER, *_CLONES),
    metrics=_COUNTS,
    gates=(
        Condition(
            id="all-found",
            statement="every way found exactly the defects that were put into the stream",
            metric="wrong",
            criterion=AtMost(0),
            guards=_PRICED,
        ),
        Condition(
            id="fits",
            statement="whoever is charged for a quarter vCPU needed no more",
            metric="cpu_share",
            criterion=AtMost(CONTAINER_VCPU),
            arms=("monolith", "one-function", "one-state", "three-streams"),
            guards=_PRICED,
        ),
    ),
    plans={
        Depth.PROOF: Plan(design=Fixed(blocks=3), settings=_SMALL),
        Depth.STUDY: Plan(design=Fixed(blocks=5), settings=_LARGE),
    },
)

cpu = Experiment(
    id="cpu",
    title="What handing pictures over costs in CPU",
    arms=(
        _STEPS,
        _MONOLITH,
        _arm("monolith-again", "one process once more", work="process", compute="containers"),
    ),
    metrics=(*_COUNTS, Metric(name="cpu_seconds", title="CPU for a stream-minute", unit="s")),
    gates=(
        Condition(
            id="all-found-again",
            statement="every way found exactly the defects that were put into the stream",
            metric="wrong",
            criterion=AtMost(0),
        ),
        Control(
            id="same-process-twice",
            statement="one process needs as much CPU as one process",
            metric="cpu_seconds",
            arm="monolith",
            twin="monolith-again",
        ),
    ),
    plans={Depth.STUDY: Plan(design=Sequential(least=10, most=40), settings=_LARGE)},
)

EXPERIMENTS = (bill, cpu)
