"""Findings about statements and waits: what was sent, what it would take, and no symptom as damage."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.check.finding import Finding, Severity
from earwitness.claims.partition_locks.evidence import PartitionLocks, Statement, Waits
from earwitness.claims.partition_locks.judge import judge

CONNECTIONS = 100
LOCKABLE = 5000


def statement(
    prunes: str = "never", slow: int = 1000, calls: int = 10**6, **more: Any
) -> Statement:
    return Statement(
        queryid=more.pop("queryid", "42"),
        text="select ? from orders",
        calls=calls,
        seconds=more.pop("seconds", 1800.0),
        relations=more.pop("relations", ("public.orders",)),
        prunes=prunes,
        by=more.pop("by", "plan"),
        locks=slow + 64,
        fast=64,
        slow=slow,
        **more,
    )


def judged(
    *statements: Statement, waits: Waits | None = None, age: float | None = 3600.0
) -> tuple[Finding, ...]:
    seen = PartitionLocks(
        major=18,
        max_locks_per_transaction=64,
        max_connections=CONNECTIONS,
        lockable_objects=LOCKABLE,
        partition_trees=(),
        statements=statements,
        statements_seconds=age,
        waits=waits,
    )
    return judge(msgspec.to_builtins(seen))[1:]  # the first is that there is no tree


@pytest.mark.parametrize(
    ("slow", "calls", "severity"),
    [
        (1000, 11, Severity.HIGH),  # 10 sessions fit
        (1000, 10, Severity.LOW),  # it was never in more than so many at once
        (LOCKABLE + 1, 1, Severity.HIGH),  # not even one fits
        (900, 10**6, Severity.MEDIUM),
        (100, 10**6, Severity.LOW),  # everybody fits
    ],
)
def test_severity_is_what_it_takes_and_whether_it_was_sent_that_often(
    slow: int, calls: int, severity: Severity
) -> None:
    (finding,) = judged(statement(slow=slow, calls=calls))
    assert (finding.id, finding.severity) == ("partition-locks/never-prunes", severity)
    assert f"{calls:,} time" in finding.statement
    assert f"{slow:,} of them" in finding.statement
    assert "42" in finding.statement


def test_workers_of_a_parallel_query_count_as_sessions() -> None:
    (finding,) = judged(statement(slow=900, calls=10**6))
    assert "sessions in it at once, each parallel worker counted as one more, of" in (
        finding.statement
    )


def test_how_busy_it_keeps_sessions_is_said_where_it_is_known() -> None:
    (finding,) = judged(statement())
    assert "in 3,600 s, which kept 0.5 sessions busy on average" in finding.statement
    (unknown,) = judged(statement(), age=None)
    assert "on average" not in unknown.statement


@pytest.mark.parametrize(
    ("slow", "severity"), [(1000, Severity.MEDIUM), (900, Severity.LOW), (100, Severity.LOW)]
)
def test_a_generic_plan_is_a_possibility_and_never_high(slow: int, severity: Severity) -> None:
    (finding,) = judged(statement("custom_only", slow=slow, custom_locks=4))
    assert (finding.id, finding.severity) == ("partition-locks/generic-plan", severity)
    assert "instead of 4" in finding.statement
    assert "does not show which statements are prepared" in finding.statement
    assert "plan_cache_mode" in finding.fix


def test_each_tree_has_one_finding_of_a_sort_however_many_statements() -> None:
    found = judged(
        *(statement(queryid=str(n), calls=n) for n in range(1, 7)),
        statement("custom_only"),
        statement("always"),
        statement("unknown"),
        statement(slow=0),
        statement(relations=("public.events",), by="text"),
    )
    assert [(one.id.partition("/")[2], one.location.name, one.evidence) for one in found] == [
        ("never-prunes", "public.events", ("/statements/10",)),
        ("never-prunes", "public.orders", tuple(f"/statements/{n}" for n in range(6))),
        ("generic-plan", "public.orders", ("/statements/6",)),
        ("unknown-pruning", "public.orders", ("/statements/8",)),
    ]
    assert "6 (6 calls)" in found[1].statement
    assert "and 3 more" in found[1].statement
    assert "1 judged by text" in found[0].statement


def test_what_never_prunes_is_said_of_the_tree_that_it_does_not_prune() -> None:
    both = ("public.events", "public.orders")
    (finding,) = judged(statement(relations=both, unpruned=("public.orders",)))
    assert finding.location is not None
    assert finding.location.name == "public.orders"
    assert "public.events" not in finding.statement


@given(st.integers(0, 10**5), st.integers(0, 10**5))
def test_a_share_of_waits_is_a_symptom(active: int, waiting: int) -> None:
    waiting = min(waiting, active)
    waits = Waits(seconds=10.0, hertz=9.9, samples=99, active=active, lock_manager=waiting)
    (finding,) = judged(waits=waits)
    notable = active >= 100 and waiting >= active / 10
    assert finding.severity is (Severity.LOW if notable else Severity.INFO)
    assert "9.9 a second" in finding.statement
    assert ("symptom, not damage" in finding.statement) == (active > 0)


def test_older_evidence_has_neither() -> None:
    old = {
        "major": 18,
        "max_locks_per_transaction": 64,
        "max_connections": 100,
        "lockable_objects": LOCKABLE,
        "partition_trees": [],
    }
    assert [one.id for one in judge(old)] == ["partition-locks/none"]
