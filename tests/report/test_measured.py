"""What was measured stands beside what was said, and follows the newest run."""

import pytest

from earwitness.claims import registry
from earwitness.experiment import events
from earwitness.experiment.contrast import ANSWER_UNIT
from earwitness.experiment.design import Depth
from earwitness.experiment.verdict import ClaimResult, Verdict
from earwitness.library import bundled
from earwitness.library.search import searching
from earwitness.library.search.passages import Kind
from earwitness.library.search.scope import Scope
from earwitness.report import answers, found_document, measured
from earwitness.store import runs
from earwitness.store.connection import open_store
from earwitness.store.events import EventLog
from tests.report import samples

CLAIM = "fsync"


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path) as opened:
        bundled.shelve(opened)
        measured.refresh(opened)
        yield opened


def keep_run(store, verdict, effect, interval, *others):
    """A finished run of the claim, as the launcher leaves one; ``others``: further results."""
    claim = registry.find(CLAIM).claim
    result = samples.result(claim.headline, verdict, effect=effect, interval=interval, blocks=5)
    results = (result, *others)
    whole = ClaimResult(claim=CLAIM, verdict=verdict, headline=claim.headline, hypotheses=results)
    record = runs.begin(store, claim=CLAIM, depth="proof", seed=1, version="0")
    log = EventLog(store, record.id)
    started = events.Started(
        claim=claim, depth=Depth.PROOF, seed=1, budget_seconds=None, environment={}
    )
    for event in (started, events.Finished(result=whole)):
        log.append(events.encode(event).decode())
    runs.end(store, record.id, "finished", verdict=verdict.value)
    return record.id


def found_runs(store):
    return searching.search(store, "drive flushes", scope=Scope(kinds=(Kind.RUN,)))


def test_a_claim_without_a_run_says_how_to_get_one(store):
    told = measured.of_claim(store, CLAIM)
    assert (told.run, told.verdict) == (None, None)
    assert told.text == f"said at 9:20; not measured here yet: earwitness run {CLAIM}"
    assert found_runs(store) == []


def test_a_run_is_found_and_told_with_verdict_effect_and_interval(store):
    run = keep_run(store, Verdict.REFUTED, 1.02, (1.0, 1.05))
    measured.refresh(store)
    hit = found_runs(store)[0]
    assert (hit.facts.run, hit.facts.verdict) == (run, "refuted")
    assert (hit.episode_id, hit.start_seconds) == ("backend-engineering-show/ssd-fsync", 560)
    told = measured.of_claim(store, CLAIM)
    assert (
        told.text == "said at 9:20; measured here: refuted, 1.02\N{MULTIPLICATION SIGN} [1, 1.05]"
    )


def test_the_newest_run_takes_the_place_of_the_one_before(store):
    keep_run(store, Verdict.REFUTED, 1.0, (1.0, 1.1))
    measured.refresh(store)
    newer = keep_run(store, Verdict.SUPPORTED, 50.0, (40.0, 60.0))
    measured.refresh(store)
    assert {hit.facts.run for hit in found_runs(store)} == {newer}


def test_a_run_that_is_removed_is_told_no_more(store):
    run = keep_run(store, Verdict.REFUTED, 1.0, (1.0, 1.1))
    measured.refresh(store)
    with store.writing() as connection:
        connection.exec_driver_sql("delete from runs where id = ?", (run,))
    measured.refresh(store)
    assert found_runs(store) == []


def test_an_answer_brings_what_was_measured(store):
    run = keep_run(store, Verdict.SUPPORTED, 50.0, (40.0, 60.0))
    measured.refresh(store)
    told = answers.answer(store, "does a drive lie about a flush?", Scope())
    assert [one.run for one in told.measured if one.claim == CLAIM] == [run]


def test_refreshing_again_writes_nothing(store):
    def documents():
        with store.reading() as connection:
            return connection.exec_driver_sql("select * from documents order by id").all()

    before = documents()
    measured.refresh(store)
    assert documents() == before


RIVAL = "the drive would have lost acknowledged rows in a pen drawer all the same"


def keep_run_with_a_refuted_rival(store):
    rival = samples.result(
        "rival", Verdict.REFUTED, statement=RIVAL, effect=0.0, interval=(0.0, 0.0), unit="x"
    )
    undecided = samples.result(
        "other", Verdict.INCONCLUSIVE, statement="a pen drawer is fast", effect=1.1, reason="few"
    )
    run = keep_run(store, Verdict.SUPPORTED, 50.0, (40.0, 60.0), rival, undecided)
    measured.refresh(store)
    return run


def test_a_hypothesis_is_found_with_its_own_verdict_and_not_the_runs(store):
    keep_run_with_a_refuted_rival(store)
    hits = searching.search(store, "pen drawer", scope=Scope(kinds=(Kind.RUN,)))
    told = {hit.verdict: hit.quote for hit in hits if "drawer" in hit.quote}
    assert set(told) == {"refuted", "inconclusive"}
    assert told["refuted"].startswith(f"Refuted here: T{RIVAL[1:]}. Result: 0")
    assert told["inconclusive"].startswith("Not decided here: A pen drawer is fast. Result: 1.1")
    whole = searching.search(store, "drive flushes", scope=Scope(kinds=(Kind.RUN,)))
    assert "supported" in {hit.verdict for hit in whole}
    document = found_document.search_document("pen drawer", hits)
    assert "refuted" in {one.verdict for one in document.results}


def test_an_answer_never_states_a_hypothesis_without_its_verdict(store):
    run = keep_run_with_a_refuted_rival(store)
    told = answers.answer(store, "would the drive have lost rows in a pen drawer?", Scope())
    cited = next(one for one in told.citations if one.run == run)
    assert cited.verdict == "refuted"
    (line,) = (one for one in told.answer.splitlines() if "pen drawer" in one)
    assert line.startswith("Refuted here: ")
    assert cited.quote in line


def test_what_a_claim_says_is_told_as_a_claim_with_what_was_measured_of_it(store):
    def claimed():
        told = answers.answer(store, "which drives call writes flushed that are not?", Scope())
        cited = next(one for one in told.citations if one.kind == "claim")
        return cited, told.answer.splitlines()[cited.number - 1]

    cited, line = claimed()
    assert cited.verdict is None
    assert cited.quote.startswith(("It is claimed: ", "Claimed "))
    assert line == f"{cited.quote} (not measured here) [{cited.number}]"
    keep_run(store, Verdict.REFUTED, 1.0, (1.0, 1.1))
    measured.refresh(store)
    cited, line = claimed()
    assert cited.verdict == "refuted"
    assert line == f"{cited.quote} (measured here: refuted) [{cited.number}]"


def test_an_answer_of_no_does_not_seem_to_contradict_what_it_supports(store):
    remedy = samples.result(
        "remedy",
        Verdict.SUPPORTED,
        statement="a pen drawer that is locked lets nobody in",
        effect=0.0,
        interval=(0.0, 0.0),
        unit=ANSWER_UNIT,
        inference="exact",
        agreeing=3,
        blocks=3,
    )
    keep_run(store, Verdict.SUPPORTED, 50.0, (40.0, 60.0), remedy)
    measured.refresh(store)
    hits = searching.search(store, "pen drawer", scope=Scope(kinds=(Kind.RUN,)))
    assert hits[0].quote == (
        "Supported here: A pen drawer that is locked lets nobody in. Result: so in 3 of 3 blocks."
    )
