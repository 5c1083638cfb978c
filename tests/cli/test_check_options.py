"""Options of a check that have no value are no options."""

import pytest
from click.testing import CliRunner

from earwitness.cli.check import check


@pytest.mark.parametrize(
    "option", ["--revoked-cert", "--resume-session", "--save-session", "--sni", "--path", "--dwell"]
)
@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_value_is_refused(option: str, value: str) -> None:
    result = CliRunner().invoke(
        check, ["mtls://here", "--cert", "c", "--key", "k", option, value, "--plan"]
    )
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{option} is empty" in result.stderr


def test_so_is_one_of_another_kind() -> None:
    result = CliRunner().invoke(check, ["/tmp", "--plug-pull", "", "--plan"])
    assert result.exit_code == 2
    assert "--plug-pull is empty" in result.stderr
