"""One session for all claims; a probe that fails takes nobody with it."""

import dataclasses
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.check import runner
from earwitness.check.evidence import Evidence, Partly, Unseen
from earwitness.check.finding import Outcome, Severity, by_severity, outcome
from earwitness.check.plan import Step
from earwitness.check.runner import Check
from earwitness.check.target import NotSeen, TargetKind, Unreachable
from tests.check import kinds
from tests.check.kinds import ONE, TWO, check, finding, kind


def gather(of: TargetKind, *checks: Check) -> Evidence:
    return runner.gather(of, kinds.PLACE, checks, budget=kinds.BUDGET, version="1")


def test_every_claim_looks_through_one_session() -> None:
    opened: list[Sequence[Step]] = []
    seen = gather(kind({"one": 1, "two": 2}, opened), check("a", ONE), check("b", TWO))
    assert opened == [[ONE, TWO]]
    assert seen.claims == {"a": {"seen": 1}, "b": {"seen": 2}}
    assert [read.name for read in seen.reads] == ["one", "two"]
    assert seen.reached
    assert seen.not_seen == ()


def test_what_a_probe_may_not_see_is_named_with_the_grant() -> None:
    answers = {"one": NotSeen("refused", "the right to one"), "two": 2}
    seen = gather(kind(answers), check("a", ONE), check("b", TWO))
    assert seen.claims == {"b": {"seen": 2}}
    (missed,) = seen.not_seen
    assert (missed.claim, missed.reason, missed.needs) == ("a", "refused", "the right to one")
    assert missed.essential


def test_a_probe_can_see_a_part_and_name_what_it_missed() -> None:
    missed = Unseen(claim="a", what="the rest", reason="refused", essential=False)
    partly = dataclasses.replace(
        check("a", ONE), probe=lambda session: Partly({"seen": session.read(ONE)}, (missed,))
    )
    seen = gather(kind({"one": 1, "two": 2}), partly, check("b", TWO))
    assert seen.claims == {"a": {"seen": 1}, "b": {"seen": 2}}
    assert seen.not_seen == (missed,)


def test_what_is_asked_for_is_one_more_announced_step() -> None:
    def asked(options):
        if "longer" not in options:
            return ()
        return (msgspec.structs.replace(TWO, seconds=float(options["longer"])),)

    without = check("a", ONE)
    assert not without.knows("longer", "3")
    assert without.with_options({"longer": "3"}) is without
    knowing = dataclasses.replace(check("a", ONE), asked=asked)
    assert knowing.knows("longer", "3")
    assert [step.seconds for step in knowing.with_options({"longer": "3"}).plan] == [0.0, 3.0]
    assert knowing.with_options({}).plan == knowing.plan == (ONE,)


def test_a_probe_that_breaks_does_not_break_the_others() -> None:
    answers = {"one": ZeroDivisionError("by geheim"), "two": 2}
    seen = gather(kind(answers), check("a", ONE), check("b", TWO))
    assert seen.claims == {"b": {"seen": 2}}
    assert seen.not_seen[0].reason == "its probe failed: ZeroDivisionError: by ***"


def test_a_target_that_is_lost_leaves_the_rest_unseen() -> None:
    answers = {"one": 1, "two": Unreachable("gone")}
    claims = (check("a", ONE), check("b", TWO), check("c", ONE))
    seen = gather(kind(answers), *claims)
    assert seen.claims == {"a": {"seen": 1}}
    assert [missed.claim for missed in seen.not_seen] == ["b", "c"]
    assert (seen.reached, seen.message) == (True, "gone")


def test_a_target_that_is_not_reached_is_seen_by_nobody() -> None:
    seen = gather(kind({"unreachable": "no such shelf"}), check("a", ONE))
    assert (seen.reached, seen.message, seen.claims) == (False, "no such shelf", {})
    assert [missed.reason for missed in seen.not_seen] == ["no such shelf"]


# Judging.


def evidence(**claims: object) -> Evidence:
    checks = [check(claim, ONE) for claim in claims]
    seen = gather(kind({"one": 1}), *checks)
    return msgspec.structs.replace(seen, claims=claims)


def test_the_same_evidence_is_judged_the_same_after_it_was_saved() -> None:
    seen = evidence(a={"seen": 1}, b={"seen": 2})
    judges = {claim: check(claim, ONE).judge for claim in ("a", "b")}
    again = msgspec.json.decode(msgspec.json.encode(seen), type=Evidence)
    assert again == seen
    assert runner.judge(again, judges) == runner.judge(seen, judges)


def test_evidence_without_a_judge_is_not_fine() -> None:
    judgement = runner.judge(evidence(a={"seen": 1}), {})
    assert judgement.findings == ()
    assert [missed.claim for missed in judgement.not_judged] == ["a"]
    assert runner.misses_essential(judgement.not_judged)


def test_a_judge_that_breaks_does_not_break_the_others() -> None:
    judgement = runner.judge(
        evidence(a={}, b={"seen": 2}), {claim: check(claim, ONE).judge for claim in "ab"}
    )
    assert [found.claim for found in judgement.findings] == ["b"]
    assert "KeyError" in judgement.not_judged[0].reason


# What it comes to.

severities = st.sampled_from(Severity)


@given(st.lists(severities), st.booleans(), severities)
def test_the_exit_code(found: list[Severity], unseen: bool, fail_on: Severity) -> None:
    ended = outcome([finding("a", severity) for severity in found], unseen, fail_on)
    order = ["critical", "high", "medium", "low", "info"]
    bad = any(order.index(severity) <= order.index(fail_on) for severity in found)
    expected = Outcome.FOUND if bad else Outcome.UNSEEN if unseen else Outcome.CLEAR
    assert ended is expected
    assert int(ended) == {"FOUND": 1, "UNSEEN": 2, "CLEAR": 0}[ended.name]


@given(st.lists(severities))
def test_the_worst_comes_first(found: list[Severity]) -> None:
    ranks = [one.severity.rank for one in by_severity(finding("a", s) for s in found)]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize(
    "text", ["insert into t values (1)", "commit", "do $$ $$", "copy t to '/x'"]
)
def test_a_step_that_does_not_read_cannot_be_written_down(text: str) -> None:
    from earwitness.check import postgresql

    with pytest.raises(ValueError, match="not a statement that reads"):
        postgresql.select("wrong", "nothing", text)


def test_a_setting_that_is_no_name_cannot_be_written_down() -> None:
    from earwitness.check import postgresql

    with pytest.raises(ValueError, match="not names of settings"):
        postgresql.settings("wrong", "nothing", ["x') or ('1' = '1"])
