"""The order of visits and what they are counted as, with a door that answers from a script."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from earwitness.claims.mtls_resumption import trial
from earwitness.claims.mtls_resumption.door import Door
from earwitness.claims.mtls_resumption.visitor import Asked, Visit
from earwitness.experiment.observation import Observation
from earwitness.servers.certificates import Issued


def issued(name: str, serial: int) -> Issued:
    nowhere = Path("nowhere")
    return Issued(name=name, certificate=nowhere, key=nowhere, serial=serial, sha256=bytes(32))


CLIENT, BYSTANDER, FORMER = issued("client", 11), issued("bystander", 12), issued("former", 13)


@dataclass
class Scripted:
    """A door and its visitor at once: certificates until they are revoked, sessions for ever."""

    takes_list: bool = True
    takes_sessions: bool = True
    rechecks: bool = False
    guards_by_rule: bool = False
    asks_at_all: bool = True
    slow: int = 0
    """Visits until a new list is gone by."""
    revoked: tuple[int, ...] = ()
    pending: tuple[int, ...] = ()
    presented: list[object] = field(default_factory=list)

    def take(self, revoked: Sequence[Issued]) -> None:
        if self.takes_list:
            self.pending = tuple(each.serial for each in revoked)

    def visit(
        self,
        port: int,
        asked: Asked | None = None,
        *,
        identity: Issued | None = None,
        session: Any = None,
    ) -> Visit:
        self.slow -= 1
        if self.slow < 0 and self.pending:
            self.revoked = self.pending
        if session is not None:
            self.presented.append(session)
            if self.takes_sessions:
                serial = session[1]
                refused = self.rechecks and serial in self.revoked
                return visit(403 if refused else 200, serial, resumed=True, checks=0)
        if identity is None:
            return visit(None if self.asks_at_all else 200, None)
        if identity.serial in self.revoked:
            if not self.guards_by_rule:
                return visit(None, None)
            return visit(200 if asked is not None else 403, identity.serial)
        return visit(200, identity.serial)


def visit(
    status: int | None, serial: int | None, *, resumed: bool = False, checks: int = 2
) -> Visit:
    session: Any = None if status is None else (object(), serial)
    refusal = "" if status else "alert"
    return Visit(
        status="" if status is None else str(status),
        admitted=status == 200,
        resumed=resumed,
        serial=serial,
        checks=checks if status else None,
        refusal=refusal,
        session=session,
    )


def tried(script: Scripted, alive: Callable[[], None] = lambda: None) -> Observation:
    door = Door(
        port=1,
        server="scripted",
        source="here",
        ready_seconds=0,
        take=script.take,
        require_alive=alive,
    )
    return trial.revoke_and_return(door, script, CLIENT, BYSTANDER, (FORMER,))  # type: ignore[arg-type]


def numbers(script: Scripted) -> dict[str, float]:
    return dict(tried(script).values)


def test_a_session_that_outlives_the_revocation_opens_the_door() -> None:
    seen = numbers(Scripted())
    assert seen == {
        "full_before": 1,
        "resumed_before": 1,
        "full_after": 0,
        "resumed_after": 1,
        "session_taken": 1,
        "serial_known": 1,
        "door_open": 1,
        "late_after": 0,
        "stranger_after": 0,
        "other_after": 1,
        "checks_full": 2,
        "checks_resumed": 0,
    }


@pytest.mark.parametrize("closed", [{"rechecks": True}, {"takes_sessions": False}], ids=str)
def test_a_door_that_refuses_sessions_is_not_open(closed: dict[str, bool]) -> None:
    seen = numbers(Scripted(**closed))
    assert (seen["full_after"], seen["resumed_after"], seen["door_open"]) == (0, 0, 0)


def test_a_list_that_never_arrives_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "TAKEN_SECONDS", 0.05)
    seen = numbers(Scripted(takes_list=False))
    assert (seen["full_after"], seen["resumed_after"], seen["door_open"]) == (1, 1, 0)


def test_a_door_without_any_lock_is_seen_as_such() -> None:
    seen = numbers(Scripted(asks_at_all=False, takes_sessions=False))
    assert seen["stranger_after"] == 1
    assert seen["door_open"] == 0, "admitted without its session being resumed"


def test_a_slow_reload_is_waited_for() -> None:
    seen = numbers(Scripted(slow=8))
    assert (seen["full_after"], seen["door_open"]) == (0, 1)


def test_behind_a_rule_a_later_session_counts() -> None:
    seen = numbers(Scripted(guards_by_rule=True))
    assert (seen["full_after"], seen["door_open"], seen["late_after"]) == (0, 1, 1)


def test_no_session_is_presented_twice() -> None:
    script = Scripted(guards_by_rule=True)
    tried(script)
    assert len(script.presented) == 3
    assert len({id(session) for session in script.presented}) == 3


def test_those_revoked_earlier_stay_so() -> None:
    script = Scripted()
    tried(script)
    assert set(script.revoked) == {FORMER.serial, CLIENT.serial}


def test_a_server_that_ended_is_an_error_and_no_refusal() -> None:
    def dead() -> None:
        raise RuntimeError("it ended")

    with pytest.raises(RuntimeError, match="it ended"):
        tried(Scripted(), dead)
