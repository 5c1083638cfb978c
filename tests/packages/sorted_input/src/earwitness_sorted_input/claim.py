"""What is claimed of sorting, and how it is tested."""

from earwitness.experiment.design import (
    Arm,
    AtLeast,
    AtMost,
    Bars,
    Boundary,
    Claim,
    Depth,
    Experiment,
    Hypothesis,
    Inference,
    Metric,
    Plan,
    Ratio,
    Remedy,
    Role,
    Sequential,
    Source,
    Surprise,
)

CLAIM = Claim(
    id="sorted-input",
    title="Sorting is cheaper when the input is sorted already",
    said="The sort in Python notices runs that are in order and merges them.",
    source=Source(show="A talk you heard", episode="Timsort"),
    headline="comparisons",
    hypotheses=(
        Hypothesis(
            id="comparisons",
            statement="Shuffled input needs at least five times the comparisons of sorted input.",
            question="How many times the comparisons does shuffled input need?",
            role=Role.CLAIM,
            experiment="sort",
            contrast=Ratio(metric="comparisons", arm="shuffled", reference="sorted"),
            criterion=AtLeast(5),
            inference=Inference.EXACT,
        ),
        Hypothesis(
            id="time",
            statement="Shuffled input takes at least half as long again.",
            question="How many times as long does shuffled input take?",
            role=Role.MECHANISM,
            experiment="sort",
            contrast=Ratio(metric="seconds", arm="shuffled", reference="sorted"),
            criterion=AtLeast(1.5),
            inference=Inference.INTERVAL,
        ),
        Hypothesis(
            id="backwards",
            statement="Reversed input costs no more comparisons than sorted input.",
            question="How many times the comparisons does reversed input need?",
            role=Role.REMEDY,
            experiment="sort",
            contrast=Ratio(metric="comparisons", arm="reversed", reference="sorted"),
            criterion=AtMost(1),
            inference=Inference.EXACT,
        ),
    ),
    experiments=(
        Experiment(
            id="sort",
            title="One list in three orders",
            arms=(
                Arm(name="sorted", title="sorted"),
                Arm(name="shuffled", title="shuffled"),
                Arm(name="reversed", title="reversed"),
            ),
            metrics=(
                Metric(name="comparisons", title="comparisons"),
                Metric(name="seconds", title="time", unit="s"),
            ),
            plans={
                Depth.PROOF: Plan(design=Sequential(least=3, most=30), settings={"items": 2000}),
            },
        ),
    ),
    boundary=Boundary(
        true_when="the input has long runs that are in order, in either direction.",
        false_when="the input is in random order.",
    ),
    remedy=Remedy(text="Keep lists in order as they grow.", hypothesis="backwards"),
    charts=(
        Bars(experiment="sort", metric="comparisons", title="Comparisons", caption="Counted."),
    ),
    surprises=(
        Surprise(hypothesis="comparisons", text="Shuffling cost {effect} the comparisons."),
    ),
)
