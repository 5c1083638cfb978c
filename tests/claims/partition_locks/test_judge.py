"""Findings from saved evidence: pure, one for each tree, with the severity that its docstring says."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.check.finding import Severity
from earwitness.claims.partition_locks.evidence import PartitionLocks, PartitionTree
from earwitness.claims.partition_locks.judge import judge


def tree(
    slow: int, sessions: int | None, name: str = "public.orders", **more: Any
) -> PartitionTree:
    return PartitionTree(
        relation=name,
        partitions=more.pop("partitions", 100),
        indexes=200,
        locks=64 + slow,
        fast=64,
        slow=slow,
        slots=more.pop("slots", 64),
        sessions_until_exhaustion=sessions,
        **more,
    )


def evidence(*trees: PartitionTree, major: int = 18, connections: int = 100) -> dict[str, Any]:
    seen = PartitionLocks(
        major=major,
        max_locks_per_transaction=64,
        max_connections=connections,
        lockable_objects=8064,
        partition_trees=trees,
    )
    built: dict[str, Any] = msgspec.to_builtins(seen)
    return built


@pytest.mark.parametrize(
    ("sessions", "sort", "severity"),
    [
        (0, "exhaustion", Severity.HIGH),
        (10, "exhaustion", Severity.HIGH),
        (11, "exhaustion-under-load", Severity.MEDIUM),
        (99, "exhaustion-under-load", Severity.MEDIUM),
        (100, "slow-path", Severity.LOW),
        (4000, "slow-path", Severity.LOW),
    ],
)
def test_severity_is_how_little_it_takes(sessions: int, sort: str, severity: Severity) -> None:
    (finding,) = judge(evidence(tree(239, sessions)))
    assert (finding.id, finding.severity) == (f"partition-locks/{sort}", severity)
    assert finding.location is not None
    assert finding.location.name == "public.orders"
    for number in ("303", "64", "239", "8,064"):
        assert number in finding.statement


def test_a_symptom_is_not_called_damage() -> None:
    (finding,) = judge(evidence(tree(239, 4000)))
    assert "need not cost throughput" in finding.statement
    assert "out of shared memory" not in finding.statement


def test_exhaustion_says_that_nobody_saw_such_queries() -> None:
    (finding,) = judge(evidence(tree(239, 5)))
    assert "out of shared memory" in finding.statement
    assert "does not show whether such queries are sent" in finding.statement


def test_slots_that_are_enough_but_in_the_wrong_groups_are_explained() -> None:
    (finding,) = judge(evidence(tree(10, 4000, slots=128)))
    assert "the same group of 16" in finding.statement
    (finding,) = judge(evidence(tree(10, 4000)))
    assert "the same group of 16" not in finding.statement


def test_the_size_of_the_table_has_its_source_and_workers_count() -> None:
    for sessions in (5, 50, 500):
        (finding,) = judge(evidence(tree(239, sessions)))
        assert (
            "64 for each of 126 processes and prepared transactions; NLOCKENTS" in finding.statement
        )
        assert "each parallel worker counted as one more" in finding.statement


def test_a_setting_has_its_price() -> None:
    """126 holders and 400 bytes for a lock."""
    (finding,) = judge(evidence(tree(239, 5, setting_for_all_sessions=1064)))
    assert "a restart, of standbys first, and about 50 MB more of shared memory" in finding.fix
    (large,) = judge(evidence(tree(239, 5, setting_for_all_sessions=13_388)))
    assert "about 670 MB more" in large.fix
    (small,) = judge(evidence(tree(239, 5, setting_for_fast_path=65)))
    assert "about 1 MB more of shared memory" in small.fix


def test_the_settings_that_would_fit_are_named() -> None:
    fitting = {"setting_for_fast_path": 257, "setting_for_all_sessions": 70}
    (finding,) = judge(evidence(tree(239, 67, **fitting)))
    assert "max_locks_per_transaction = 257" in finding.fix
    assert "max_locks_per_transaction = 70 (now 64)" in finding.fix
    (old,) = judge(evidence(tree(239, 67), major=17))
    assert "max_locks_per_transaction =" not in old.fix
    assert "Until PostgreSQL 17" in old.fix


def test_looking_and_finding_nothing_is_not_silence() -> None:
    (none,) = judge(evidence())
    (fits,) = judge(evidence(tree(0, None), tree(0, None, name="public.small")))
    assert (none.id, fits.id) == ("partition-locks/none", "partition-locks/headroom")
    assert none.severity is fits.severity is Severity.INFO


trees = st.builds(
    tree, slow=st.integers(1, 5000), sessions=st.integers(0, 5000), name=st.text()
) | st.builds(tree, slow=st.just(0), sessions=st.none(), name=st.text())


@given(st.lists(trees, max_size=6), st.integers(1, 5000))
def test_every_tree_with_slow_locks_has_one_finding(
    trees: list[PartitionTree], connections: int
) -> None:
    seen = evidence(*trees, connections=connections)
    findings = judge(seen)
    places = {
        f"/partition_trees/{n}": one["slow"]
        for n, one in enumerate(seen["partition_trees"])
        if one["sessions_until_exhaustion"] is not None
    }
    named = [found.evidence[0] for found in findings]
    assert sorted(named) == sorted(places) or (not places and len(findings) == 1)
    assert all(pointed(seen, pointer) is not None for f in findings for pointer in f.evidence)
    assert judge(json.loads(json.dumps(seen))) == findings


def pointed(document: Any, pointer: str) -> Any:
    """What a JSON Pointer without escapes leads to."""
    for part in pointer.removeprefix("/").split("/"):
        document = document[int(part)] if isinstance(document, list | tuple) else document[part]
    return document


def test_older_evidence_without_the_settings_that_fit_is_judged() -> None:
    seen = evidence(tree(239, 67))
    for name in ("setting_for_fast_path", "setting_for_all_sessions"):
        del seen["partition_trees"][0][name]
    assert len(judge(seen)) == 1


def test_what_is_no_evidence_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        judge({"partition_trees": "many"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"sessions_until_exhaustion": None},
        {"slow": 0, "fast": 303},
        {"locks": 302},
        {"fast": -1, "slow": 304},
    ],
)
def test_numbers_that_contradict_each_other_are_no_evidence(wrong: dict[str, Any]) -> None:
    seen = evidence(tree(239, 5))
    contradicting = {**seen["partition_trees"][0], **wrong}
    with pytest.raises(msgspec.ValidationError, match=r"public\.orders"):
        judge({**seen, "partition_trees": [contradicting]})


def test_hundreds_of_trees_that_are_no_worse_than_low_are_summed_up() -> None:
    many = [tree(slow, 9_000 // slow, name=f"public.t{slow}") for slow in (*range(1, 60), 3_000)]
    findings = judge(evidence(*many, connections=100))
    names = [found.location.name for found in findings if found.location]
    assert names == ["public.t3000", *(f"public.t{slow}" for slow in range(59, 39, -1))]
    assert [found.severity for found in findings] == [Severity.HIGH, *[Severity.LOW] * 21]
    assert findings[-1].id == "partition-locks/more"
    assert "39 further tables, at most 39 for one (public.t39)" in findings[-1].statement


def test_tables_that_inherit_are_judged_like_partitions_but_no_condition_helps() -> None:
    seen = evidence(tree(0, None))
    low, bad = tree(1, 9_000, name="public.log"), tree(239, 5, name="public.events", partitions=101)
    seen["inheritance_trees"] = msgspec.to_builtins((low, bad))
    worst, mild = judge(seen)
    assert (worst.id, worst.severity) == ("partition-locks/exhaustion", Severity.HIGH)
    assert "public.events and all that inherit from it takes 303 relation locks (101 tables," in (
        worst.statement
    )
    assert "no condition helps" in worst.fix
    assert (worst.evidence[0], mild.evidence[0]) == (
        "/inheritance_trees/1",
        "/inheritance_trees/0",
    )
    seen["inheritance_trees"] = msgspec.to_builtins((tree(0, None, name="public.log"),))
    (fits,) = judge(seen)
    assert "1 partitioned table and 1 that others inherit from" in fits.statement
