"""The claim as a value, and its parts that need no cloud: prices, definitions, counts."""

import datetime as dt
import re
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.claims.monolith import observed, pricing, workflow
from earwitness.claims.monolith.claim import CLAIM
from earwitness.claims.monolith.design import CONTAINER_VCPU, LADDER, bill
from earwitness.claims.monolith.observed import Seen, Watched
from earwitness.claims.monolith.pricing import Work
from earwitness.experiment import consistency
from earwitness.experiment.design import Arm, Depth
from earwitness.library import bundled
from earwitness.servers.cloud.objects import Traffic

PRICES = pricing.sheet()
COUNTS = st.integers(0, 10**6)
BLACK, FREEZE = ("black", 1.0, 3.0), ("freeze", 4.0, 6.0)


def test_the_claim_can_be_run() -> None:
    assert consistency.problems(CLAIM) == ()


def test_the_claim_stands_in_its_episode() -> None:
    episode = bundled.find_episode(CLAIM.source.show, CLAIM.source.episode)
    assert CLAIM.id in episode.claims
    chapters = {chapter.title: chapter.start_seconds for chapter in episode.chapters}
    assert CLAIM.source.chapter in chapters
    assert chapters[CLAIM.source.chapter] == CLAIM.source.seconds


def test_arms_that_are_compared_differ_in_one_thing() -> None:
    """How an arm is charged follows from where it runs, so it is not a difference of its own."""
    changed = []
    for arm, following in pairwise(LADDER):
        names = {n for n in arm.settings if arm.settings[n] != following.settings[n]}
        changed.append(names - {"compute"})
    assert changed == [{"objects"}, {"machine", "objects"}, {"machine"}, {"work"}]
    monolith = bill.arm("monolith").settings
    for name, setting in (("three-streams", "streams"), ("four-clones", "clones")):
        clone = bill.arm(name).settings
        assert {n for n in clone if clone[n] != monolith[n]} == {setting}


def test_the_claim_names_the_date_of_its_prices() -> None:
    dt.date.fromisoformat(PRICES.date)
    statement = CLAIM.hypothesis(CLAIM.headline).statement
    assert PRICES.date in statement
    told = " ".join(chart.title + chart.caption for chart in CLAIM.charts) + statement
    assert set(re.findall(r"\d{4}-\d\d-\d\d", told)) == {PRICES.date}


def test_every_price_says_where_it_is_from() -> None:
    for price in PRICES.prices.values():
        assert price.price > 0
        assert price.per >= 1
        assert "https://" in price.origin
    assert "not verified" in PRICES.status


def test_the_container_of_the_claim_is_one_that_can_be_had() -> None:
    assert CONTAINER_VCPU == pricing.SMALLEST_CONTAINER_VCPU


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_prices_add_up(transitions: int, invocations: int, puts: int, gets: int) -> None:
    work = Work(transitions=transitions, invocations=invocations, puts=puts, gets=gets)
    alone = (
        Work(transitions=transitions),
        Work(invocations=invocations),
        Work(puts=puts),
        Work(gets=gets),
    )
    total = pricing.of_pieces(PRICES, work)
    assert total == pytest.approx(sum(pricing.of_pieces(PRICES, part) for part in alone))
    assert (total == 0) is (work.pieces == 0)


def test_prices_by_hand() -> None:
    """1,000 transitions for a minute are 60,000 for an hour, at 0.025 for 1,000."""
    assert pricing.of_pieces(PRICES, Work(transitions=1000)) == pytest.approx(1.5)
    assert pricing.of_container(PRICES, 0.25) == pytest.approx(0.01012 + 0.0022225)
    assert pricing.of_functions(PRICES, 1) == pytest.approx(0.1037, abs=0.0001)


def watched(transitions: int = 0, found: tuple = (BLACK, FREEZE)) -> Watched:
    return Watched(
        seen=Seen(found=(found,), decoded=120, cpu_seconds=0.3, transitions=transitions),
        fetched=6,
        invocations=12,
        traffic=Traffic(puts=4, gets=8, bytes_written=100, bytes_read=200),
    )


def values(arm: Arm, seen: Watched) -> Mapping[str, float]:
    return observed.observation(arm, seen, ((BLACK, FREEZE),), 30, PRICES).values


def test_counts_become_those_of_a_minute() -> None:
    found = values(bill.arm("steps"), watched(transitions=21))
    expected = {
        "wrong": 0,
        "pieces": 42 + 24 + 8 + 16,
        "transitions": 42,
        "invocations": 24,
        "requests": 24,
        "stored_bytes": 600,
        "decoded": 240,
        "fetched": 12,
        "cpu_share": 0.01,
        "cpu_seconds": 0.6,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    work = Work(transitions=42, invocations=24, puts=8, gets=16)
    assert found["usd_hour"] == pytest.approx(pricing.of_pieces(PRICES, work))


def test_every_metric_has_a_value() -> None:
    for experiment in CLAIM.experiments:
        for arm in experiment.arms:
            assert {m.name for m in experiment.metrics} <= set(values(arm, watched()))


def test_each_clone_is_charged_and_the_steps_are_not() -> None:
    charges = {arm.name: observed.light(arm, PRICES) for arm in bill.arms}
    assert charges["steps"] == charges["batched"] == 0
    assert charges["four-clones"] == pytest.approx(4 * charges["monolith"])
    assert charges["three-streams"] == charges["monolith"] > 0
    assert charges["one-function"] == charges["one-state"] > charges["monolith"]


def test_the_headline_can_fail_by_its_prices() -> None:
    """With a state for each two seconds and nothing else, a tenth is out of reach."""
    steps = values(bill.arm("steps"), watched(transitions=15))["usd_hour"]
    monolith = observed.light(bill.arm("monolith"), PRICES)
    assert monolith / steps > 0.1


@pytest.mark.parametrize(
    ("found", "wrong"),
    [((BLACK, FREEZE), 0), ((BLACK,), 1), ((), 2), ((BLACK, ("freeze", 4.0, 6.5)), 2)],
)
def test_missed_and_made_up_defects_are_wrong(found: tuple, wrong: int) -> None:
    assert values(bill.arm("steps"), watched(found=found))["wrong"] == wrong


def test_what_was_found_is_told_in_words() -> None:
    assert observed.told(((BLACK, FREEZE), ())) == "black 1-3 s, freeze 4-6 s; nothing"


def test_a_window_enters_seven_states_in_steps() -> None:
    definition = workflow.MACHINES["steps"]
    branches = definition["States"]["Detect"]["Branches"]
    assert len(definition["States"]) + len(branches) == 7
    tasks = {b["StartAt"]: b["States"][b["StartAt"]]["Resource"] for b in branches}
    assert tasks == {state: workflow.arn(f) for state, f in workflow.DETECTORS.items()}
    assert len(workflow.functions("steps")) == 6
    assert workflow.functions("one") == workflow.functions("none") == ("whole",)


def test_the_proof_is_exact_and_counted() -> None:
    assert CLAIM.experiment("cpu").plan_at(Depth.PROOF) is None
    assert {h.inference.value for h in CLAIM.hypotheses if h.experiment == "bill"} == {"exact"}
