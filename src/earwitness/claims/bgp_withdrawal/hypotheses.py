"""The hypotheses of the claim, written before anything ran.

Values only; the arms and metrics that they name stand in ``claim``.
"""

from earwitness.experiment.design import (
    AtLeast,
    AtMost,
    Difference,
    Hypothesis,
    Inference,
    Role,
    Value,
)

EXPERIMENT = "withdrawal"

_NONE = 0
_ALL = 100
"""Percent."""

HYPOTHESES = (
    Hypothesis(
        id="gone",
        statement="when the origin withdraws its prefixes, no route to any of them is left at any "
        "vantage",
        question="How many routes to the origin are left at the vantages after the withdrawal?",
        role=Role.CLAIM,
        experiment=EXPERIMENT,
        contrast=Value(metric="routes_after", arm="withdrawn"),
        criterion=AtMost(_NONE),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="machines-run",
        statement="while no vantage has a route to the origin, every router still answers",
        question="How many percent of the routers answer while nobody has a route to the origin?",
        role=Role.MECHANISM,
        experiment=EXPERIMENT,
        contrast=Value(metric="answering", arm="withdrawn"),
        criterion=AtLeast(_ALL),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="sessions-stay",
        statement="a withdrawal ends none of the origin's BGP sessions",
        question="How many percent of the origin's sessions are up after it withdrew everything?",
        role=Role.MECHANISM,
        experiment=EXPERIMENT,
        contrast=Value(metric="sessions_up", arm="withdrawn"),
        criterion=AtLeast(_ALL),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="no-ghosts",
        statement="no route to the withdrawn prefixes stays behind, neither at a vantage nor in "
        "any router's tables",
        question="How many routes to the withdrawn prefixes stay behind anywhere?",
        role=Role.MECHANISM,
        experiment=EXPERIMENT,
        contrast=Value(metric="ghosts", arm="withdrawn"),
        criterion=AtMost(_NONE),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="comes-back",
        statement="when the origin announces its prefixes again, every vantage has every route back",
        question="How many percent of the routes are back after the origin announces again?",
        role=Role.MECHANISM,
        experiment=EXPERIMENT,
        contrast=Value(metric="restored", arm="withdrawn"),
        criterion=AtLeast(_ALL),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="cut-looks-the-same",
        statement="cutting all of the origin's sessions leaves the vantages as few routes as a "
        "withdrawal",
        question="How many more routes are left after cutting all sessions than after withdrawing?",
        role=Role.RIVAL,
        experiment=EXPERIMENT,
        contrast=Difference(metric="routes_after", arm="all-sessions", reference="withdrawn"),
        criterion=AtMost(_NONE),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="one-cut-does-it",
        statement="losing one of its two sessions is enough to make the origin vanish",
        question="How many routes are left when the origin loses one of its two sessions?",
        role=Role.RIVAL,
        experiment=EXPERIMENT,
        contrast=Value(metric="routes_after", arm="one-session"),
        criterion=AtMost(_NONE),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="second-session",
        statement="with a second session no vantage is without any route at any moment when the "
        "first one is cut",
        question="How many percent of the routes does every vantage keep when one session is cut?",
        role=Role.REMEDY,
        experiment=EXPERIMENT,
        contrast=Value(metric="kept", arm="one-session"),
        criterion=AtLeast(_ALL),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="second-origin",
        statement="services whose prefix a second network announces too keep a route at every "
        "vantage when the origin withdraws everything",
        question="How many percent of the vantages keep a route to services with a second origin?",
        role=Role.REMEDY,
        experiment=EXPERIMENT,
        contrast=Value(metric="services_kept", arm="services-elsewhere"),
        criterion=AtLeast(_ALL),
        inference=Inference.EXACT,
    ),
)
