"""Since when a ticket key has been in use: by the records of earlier checks, and by nothing else."""

import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.check.finding import Finding, Severity
from earwitness.claims.mtls_resumption import ticket_keys
from earwitness.claims.mtls_resumption.evidence import Admission, Resumed
from earwitness.claims.mtls_resumption.judge import judge
from earwitness.claims.mtls_resumption.ticket_keys import Beginnings

NOW = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
NAMES = st.sampled_from([b"a" * 16, b"b" * 16, b"c" * 16])


def seen(**keys: str) -> Any:
    """Evidence of a check, by host and the digest of its ticket key."""
    resumed = tuple(
        Resumed(version="1.3", name=host, memory=False, offered=True, tries=(), ticket_key=key)
        for host, key in keys.items()
    )
    return msgspec.to_builtins(
        Admission(server="here", protocol="http", versions=("1.3",), resumed=resumed)
    )


def ago(**length: float) -> dt.datetime:
    return NOW - dt.timedelta(**length)


def unchanged(evidence: Any) -> list[Finding]:
    return [one for one in judge(evidence) if one.id.endswith("ticket-key-unchanged")]


def test_a_key_is_known_since_the_first_check_that_saw_it() -> None:
    first = ticket_keys.recall(seen(a="K"), ago(days=9), [])
    second = ticket_keys.recall(seen(a="K"), ago(days=3), [(ago(days=9), first)])
    third = ticket_keys.recall(seen(a="K", b="K"), NOW, [(ago(days=3), second)])
    assert unchanged(first) == []
    (found,) = unchanged(third)
    assert "2026-06-21 at 12:00 UTC, 9 days ago" in found.statement
    assert "Tickets of a and b" in found.statement
    assert found.severity is Severity.LOW


@pytest.mark.parametrize(
    ("age", "severity"),
    [
        (dt.timedelta(seconds=40), Severity.INFO),
        (dt.timedelta(hours=23), Severity.INFO),
        (dt.timedelta(hours=25), Severity.LOW),
    ],
)
def test_only_a_key_of_more_than_a_day_is_reproached(age, severity) -> None:
    again = ticket_keys.recall(seen(a="K"), NOW, [(NOW - age, seen(a="K"))])
    (found,) = unchanged(again)
    assert found.severity is severity
    assert found.location is not None
    assert found.location.name == "a"


def test_another_key_and_no_name_are_no_finding() -> None:
    earlier = [(ago(days=2), seen(a="K", b=""))]
    assert unchanged(ticket_keys.recall(seen(a="L", b=""), NOW, earlier)) == []


def test_a_record_that_cannot_be_read_any_more_is_passed_over() -> None:
    earlier = [(ago(days=2), {"resumed": 3}), (ago(days=4), seen(a="K"))]
    (found,) = unchanged(ticket_keys.recall(seen(a="K"), NOW, earlier))
    assert "4 days ago" in found.statement


@given(names=st.lists(NAMES, max_size=6))
def test_a_beginning_is_a_name_when_it_comes_again(names: list[bytes]) -> None:
    beginnings = Beginnings()
    for name in names:
        beginnings.note("1.3", "a", name)
    for name in names:
        known = beginnings.key("1.3", "a", name)
        assert known == (ticket_keys.digest(name) if names.count(name) > 1 else "")
        assert beginnings.key("1.2", "a", name) == ""
    all_differ = len(names) > 1 and len(set(names)) == len(names)
    assert [one.essential for one in beginnings.nameless()] == [False] * all_differ


def test_a_digest_does_not_show_the_name() -> None:
    name = bytes(range(16))
    assert name.hex()[:8] not in ticket_keys.digest(name)
    assert ticket_keys.digest(None) == ""
