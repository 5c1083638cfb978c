"""What the episode on Prime Video's monolith says, and how it is put to the test.

A value: no I/O, nothing but the vocabulary of experiments. Its hypotheses and experiments are
values too, in ``hypotheses`` and ``design``; the real parts are in ``experiment``.
"""

from earwitness.claims.monolith.design import EXPERIMENTS, LADDER
from earwitness.claims.monolith.hypotheses import HYPOTHESES
from earwitness.experiment.design import (
    Bars,
    Boundary,
    Claim,
    Remedy,
    Source,
    Surprise,
)

CLAIM = Claim(
    id="monolith",
    title="One process in place of many steps cuts nine tenths of the cost",
    said="Prime Video watched its streams with a chain of functions, led by a state machine and "
    "handing pictures over through an object store. Every second of every stream was paid for in "
    "transitions and requests. The same detectors in one process, cloned where one is not enough, "
    "cost a tenth.",
    source=Source(
        show="backend-engineering-show",
        episode="prime-video-monolith",
        chapter="From Microservices to Monolith",
        seconds=1290,
    ),
    headline="nine-tenths",
    hypotheses=HYPOTHESES,
    experiments=EXPERIMENTS,
    boundary=Boundary(
        true_when="work is cut so fine that transitions and requests outweigh computing: here seven "
        "states for each two seconds of stream, and detection that needs less than about one vCPU "
        "for a stream; counted on a local cloud, scaled from a short stream to the hour, and priced "
        "by the list prices of the sheet's date.",
        false_when="each step computes much for what it costs to call (several vCPUs for a stream), "
        "or a window is already one function without state machine and store: then the difference "
        "is that between the prices of computing.",
    ),
    remedy=Remedy(
        text="Keep together what runs for every window: one function or one process. Leave to the "
        "state machine what happens once for a stream, and store results, not intermediate pictures.",
        hypothesis="one-state",
    ),
    charts=(
        Bars(
            experiment="bill",
            metric="usd_hour",
            title="Price of a stream-hour, by the list prices of 2026-04-01",
            caption="Steps are charged for transitions, requests and invocations only; functions "
            "that do a window whole, and every process, for a quarter vCPU throughout as well.",
            logarithmic=True,
        ),
        Bars(
            experiment="bill",
            metric="pieces",
            title="Transitions, invocations and requests for a minute of a stream",
            caption="Counted in histories of executions, at the function host and in the access "
            "log of the object store.",
            arms=tuple(arm.name for arm in LADDER),
        ),
        Bars(
            experiment="bill",
            metric="decoded",
            title="Pictures decoded for a minute of a stream",
            caption="Clones that divide the streams decode each once; clones that divide the "
            "detectors decode one stream again and again.",
        ),
        Bars(
            experiment="cpu",
            metric="cpu_seconds",
            title="CPU for a minute of a stream",
            caption="In the handlers of the functions, and in the one process; without object "
            "store and state machine.",
        ),
    ),
    surprises=(
        Surprise(
            hypothesis="one-function",
            text="It was not the functions: one for each window, with nothing stored in between, "
            "costs {effect} what the steps cost. It is still serverless.",
        ),
        Surprise(
            hypothesis="batched",
            text="Pictures in the object store get the blame, but with one object for each window "
            "the price is still {effect} what it was: it is the state machine.",
            verdicts=("refuted",),
        ),
    ),
)
