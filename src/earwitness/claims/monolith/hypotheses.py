"""The sentences that are held against observations, in the order in which they are told.

Values only, part of ``claim``; the arms and metrics that are named here stand in ``design``.
"""

from earwitness.experiment.design import (
    AtLeast,
    AtMost,
    Hypothesis,
    Inference,
    Ratio,
    Role,
    Value,
)

_BILL = "bill"
_TENTH = 0.1
"""What is left when nine tenths are saved."""
_QUARTER = 0.25
_HALF = 0.5
_EVERY_SECOND = 60
"""For a stream-minute."""
_EACH_CLONE = 4
"""Clones, and so decodings of the stream."""
_TWICE = 2

HYPOTHESES = (
    Hypothesis(
        id="nine-tenths",
        statement="by the list prices of 2026-04-01 a stream-hour in one process, charged for a "
        "quarter vCPU throughout, costs at most a tenth of one in steps, whose computing is left "
        "out",
        question="What part of the price of steps (computing left out) does one process (a quarter "
        "vCPU throughout) cost?",
        role=Role.CLAIM,
        experiment=_BILL,
        contrast=Ratio(metric="usd_hour", arm="monolith", reference="steps"),
        criterion=AtMost(_TENTH),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="transitions",
        statement="the steps make at least one state transition for each second of the stream",
        question="How many state transitions do the steps make for a minute of the stream?",
        role=Role.MECHANISM,
        experiment=_BILL,
        contrast=Value(metric="transitions", arm="steps"),
        criterion=AtLeast(_EVERY_SECOND),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="requests",
        statement="the steps ask the object store at least once for each second of the stream",
        question="How many requests do the steps make to the object store for a minute of the "
        "stream?",
        role=Role.MECHANISM,
        experiment=_BILL,
        contrast=Value(metric="requests", arm="steps"),
        criterion=AtLeast(_EVERY_SECOND),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="no-pieces",
        statement="one process causes no transition, no invocation and no request to the object "
        "store",
        question="How many transitions, invocations and requests does one process cause for a "
        "minute of the stream?",
        role=Role.MECHANISM,
        experiment=_BILL,
        contrast=Value(metric="pieces", arm="monolith"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="steps-find-all",
        statement="the steps find exactly the defects that were put into the stream",
        question="How many defects do the steps miss or make up?",
        role=Role.MECHANISM,
        experiment=_BILL,
        contrast=Value(metric="wrong", arm="steps"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="process-finds-all",
        statement="one process finds exactly the same",
        question="How many defects does one process miss or make up?",
        role=Role.MECHANISM,
        experiment=_BILL,
        contrast=Value(metric="wrong", arm="monolith"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="one-function",
        statement="one function for each window, nothing stored and no state machine, costs at most "
        "a tenth of the steps as well",
        question="What part of the price of steps does one function for each window cost?",
        role=Role.RIVAL,
        experiment=_BILL,
        contrast=Ratio(metric="usd_hour", arm="one-function", reference="steps"),
        criterion=AtMost(_TENTH),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="batched",
        statement="one object for each window in place of one for each picture halves the price of "
        "the steps",
        question="What part of the price is left with one object for each window in place of one "
        "for each picture?",
        role=Role.RIVAL,
        experiment=_BILL,
        contrast=Ratio(metric="usd_hour", arm="batched", reference="steps"),
        criterion=AtMost(_HALF),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="one-state",
        statement="a state machine with one state for each window, which does all in one function, "
        "costs at most a quarter of the steps",
        question="What part of the price of steps does a state machine with one state cost?",
        role=Role.REMEDY,
        experiment=_BILL,
        contrast=Ratio(metric="usd_hour", arm="one-state", reference="steps"),
        criterion=AtMost(_QUARTER),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="clones-share-nothing",
        statement="three clones carry three streams without one transition, invocation or request "
        "to the object store",
        question="How many transitions, invocations and requests do three clones cause for a minute "
        "of a stream?",
        role=Role.MECHANISM,
        experiment=_BILL,
        contrast=Value(metric="pieces", arm="three-streams"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="clones-decode-again",
        statement="four clones that divide the detectors of one stream decode it four times",
        question="How many times as many pictures do four clones of one stream decode as one "
        "process?",
        role=Role.MECHANISM,
        experiment=_BILL,
        contrast=Ratio(metric="decoded", arm="four-clones", reference="monolith"),
        criterion=AtLeast(_EACH_CLONE),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="heavy",
        statement="where detection needs four vCPUs for a stream, one process costs more than a "
        "tenth of the steps, even when they compute twice as much",
        question="Four vCPUs of detection: what part of the price of steps does one process cost?",
        role=Role.MECHANISM,
        experiment=_BILL,
        contrast=Ratio(metric="usd_hour_heavy", arm="monolith", reference="steps"),
        criterion=AtLeast(_TENTH),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="cpu",
        statement="the steps need at least twice the CPU of one process",
        question="How many times the CPU of one process do the steps need?",
        role=Role.MECHANISM,
        experiment="cpu",
        contrast=Ratio(metric="cpu_seconds", arm="steps", reference="monolith"),
        criterion=AtLeast(_TWICE),
        inference=Inference.INTERVAL,
    ),
)
