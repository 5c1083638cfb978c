"""One experiment that is slow, crashes, is unavailable or kills its process."""

import msgspec

from earwitness.experiment.design import (
    Arm,
    AtLeast,
    Boundary,
    Claim,
    Depth,
    Experiment,
    Fixed,
    Hypothesis,
    Inference,
    Metric,
    Plan,
    Remedy,
    Role,
    Source,
    Value,
)


def _claim(kind: str) -> Claim:
    return Claim(
        id=f"trouble-{kind}",
        title=f"Trouble: {kind}",
        said="Nothing.",
        source=Source(show="none", episode="none"),
        headline="one",
        hypotheses=(
            Hypothesis(
                id="one",
                statement="One is one.",
                question="How much is one?",
                role=Role.CLAIM,
                experiment="one",
                contrast=Value(metric="one", arm="only"),
                criterion=AtLeast(1),
                inference=Inference.EXACT,
            ),
        ),
        experiments=(
            Experiment(
                id="one",
                title="One",
                arms=(Arm(name="only", title="only", settings={"kind": kind}),),
                metrics=(Metric(name="one", title="one"),),
                plans={Depth.PROOF: Plan(design=Fixed(blocks=400))},
            ),
        ),
        boundary=Boundary(true_when="always.", false_when="never."),
        remedy=Remedy(text="None.", hypothesis="one"),
    )


SLOW = _claim("slow")
CRASH = _claim("crash")
ABSENT = _claim("absent")
DEATH = _claim("death")
CONTRADICTION = msgspec.structs.replace(_claim("contradiction"), headline="two")
