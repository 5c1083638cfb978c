"""What a page shows of a run under way, from its events alone."""

from earwitness.experiment import events, judgement
from earwitness.experiment.design import Depth
from earwitness.web.live import live
from tests.experiment import claims


def started() -> events.Started:
    return events.Started(
        claim=claims.claim(), depth=Depth.PROOF, seed=1, budget_seconds=None, environment={}
    )


def test_nothing_has_happened_yet() -> None:
    seen = live([])
    assert (seen.status, seen.stages, seen.chart) == ("starting", (), None)


def test_it_waits_for_others() -> None:
    assert live([events.Waiting(holder="fsync-1")]).status == "waiting for fsync-1 to finish"


def test_the_stages_follow_the_blocks() -> None:
    log: list[events.Event] = [started()]
    assert [(s.state, s.done, s.most) for s in live(log).stages] == [("waiting", 0, 12)]
    log.append(events.BenchOpened(experiment="race", environment={}))
    assert live(log).stages[0].state == "running"
    log += [events.TrialFinished(trial=trial) for trial in claims.trials(4, fast=1.0, slow=3.0)]
    assert live(log).stages[0].done == 4
    log.append(events.ExperimentEnded(experiment="race", blocks=4, reason="decided"))
    assert live(log).stages[0].state == "done"
    assert "race: bench ready" in live(log).lines


def test_the_intervals_are_those_of_the_last_look() -> None:
    trials = claims.trials(6, fast=1.0, slow=3.0)
    result = judgement.judge(claims.claim(), Depth.PROOF, trials, {})
    look = events.Look(experiment="race", block=6, hypotheses=result.hypotheses)
    seen = live([started(), look])
    assert seen.results == result.hypotheses
    assert seen.chart is not None
    assert "<svg" in seen.chart


def test_an_experiment_that_cannot_run_says_so() -> None:
    log = [started(), events.ExperimentUnavailable(experiment="race", reason="no server")]
    assert live(log).stages[0].state == "unavailable"
