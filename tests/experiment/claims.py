"""Small designs that tests of the engine share."""

import msgspec

from earwitness.experiment.design import (
    Arm,
    AtLeast,
    Boundary,
    Claim,
    Contrast,
    Control,
    Criterion,
    Depth,
    Design,
    Experiment,
    Gate,
    Hypothesis,
    Inference,
    Metric,
    Plan,
    Ratio,
    Remedy,
    Role,
    Sequential,
    Source,
)
from earwitness.experiment.observation import Observation, Trial


def hypothesis(
    contrast: Contrast = Ratio(metric="cost", arm="slow", reference="fast"),
    criterion: Criterion = AtLeast(2),
    inference: Inference = Inference.INTERVAL,
    **changes: object,
) -> Hypothesis:
    made = Hypothesis(
        id="slower",
        statement="Slow costs at least twice as much.",
        question="How many times as much?",
        role=Role.CLAIM,
        experiment="race",
        contrast=contrast,
        criterion=criterion,
        inference=inference,
    )
    return msgspec.structs.replace(made, **changes)


def claim(
    *hypotheses: Hypothesis,
    design: Design = Sequential(least=3, most=12),
    gates: tuple[Gate, ...] = (),
    **changes: object,
) -> Claim:
    chosen = hypotheses or (hypothesis(),)
    made = Claim(
        id="race",
        title="Slow is slow",
        said="Somebody said so.",
        source=Source(show="show", episode="episode"),
        headline=chosen[0].id,
        hypotheses=chosen,
        experiments=(
            Experiment(
                id="race",
                title="A race",
                arms=tuple(Arm(name=name, title=name) for name in ("fast", "slow", "twin")),
                metrics=(
                    Metric(name="cost", title="cost", unit="ms"),
                    Metric(name="rate", title="rate", unit="Hz"),
                ),
                plans={Depth.PROOF: Plan(design=design)},
                gates=gates,
            ),
        ),
        boundary=Boundary(true_when="it is.", false_when="it is not."),
        remedy=Remedy(text="Be fast.", hypothesis=chosen[0].id),
    )
    return msgspec.structs.replace(made, **changes)


def twin_control() -> Control:
    return Control(id="aa", statement="twins agree", metric="cost", arm="fast", twin="twin")


def trials(blocks: int, *, outcomes: dict[str, str] | None = None, **costs: float) -> list[Trial]:
    """One trial for each arm and block, all blocks alike but for a drift of ten per cent each."""
    return [
        Trial(
            experiment="race",
            block=block,
            position=position,
            arm=arm,
            observation=Observation(
                values={"cost": cost * 1.1**block, "rate": 10.0}, outcomes=outcomes or {}
            ),
            seconds=0.01,
        )
        for block in range(1, blocks + 1)
        for position, (arm, cost) in enumerate(costs.items())
    ]
