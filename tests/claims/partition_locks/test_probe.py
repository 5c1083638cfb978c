"""What the probe makes of servers that it does not know."""

from collections.abc import Mapping

import pytest

from earwitness.check.plan import Step
from earwitness.check.target import NotSeen
from earwitness.claims.partition_locks import probe


class Server:
    """Answers as a session would."""

    def __init__(self, major: int, settings: Mapping[str, str] = {}) -> None:
        self.major = major
        self._settings = settings

    def read_settings(self, step: Step) -> Mapping[str, str]:
        assert step is probe.SETTINGS
        return self._settings


@pytest.mark.parametrize("major", [9, 13, 19])
def test_a_version_whose_rules_are_not_known_is_not_guessed(major: int) -> None:
    with pytest.raises(NotSeen, match=f"PostgreSQL {major} .* 14 to 18"):
        probe.probe(Server(major))


def test_a_server_that_hides_settings_says_which() -> None:
    with pytest.raises(NotSeen, match="does not show max_locks_per_transaction"):
        probe.probe(Server(18, {"max_connections": "100"}))


def test_the_plan_is_what_is_read() -> None:
    assert probe.PLAN[:2] == (probe.SETTINGS, probe.TREES)
    assert len({step.name for step in probe.PLAN}) == len(probe.PLAN)
    assert "max_locks_per_transaction" in probe.SETTINGS.text
