"""What the bench says when it cannot be opened."""

from pathlib import Path

import pytest

from earwitness.claims.select_star.claim import CLAIM
from earwitness.claims.select_star.experiment import open_bench
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.design import Experiment, Fixed, Plan
from earwitness.servers import postgres


def settings_for(experiment: Experiment, tmp_path: Path, **settings: int) -> BenchSettings:
    return BenchSettings(
        plan=Plan(design=Fixed(blocks=3), settings=settings),
        arms=experiment.arms,
        seed=1,
        workspace=tmp_path,
        announce=lambda _: pytest.fail("no server may be announced"),
    )


@pytest.mark.parametrize("id", ["waterfall", "narrow"])
def test_a_server_that_cannot_serialize_is_refused_with_the_reason(id: str, tmp_path: Path) -> None:
    experiment = CLAIM.experiment(id)
    settings = settings_for(experiment, tmp_path, postgresql=16)
    with pytest.raises(Unavailable, match=r"SERIALIZE.*17.*16"), open_bench(experiment, settings):
        pytest.fail("the bench opened")


def test_a_missing_server_is_unavailable_with_the_command_that_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(major: int) -> postgres.Binaries:
        raise postgres.MissingComponent(f"there is no PostgreSQL {major}", "install it")

    monkeypatch.setattr(postgres, "find", find)
    experiment = CLAIM.experiment("schema-change")
    settings = settings_for(experiment, tmp_path, executions=3)
    with (
        pytest.raises(Unavailable, match="there is no PostgreSQL 18") as refused,
        open_bench(experiment, settings),
    ):
        pytest.fail("the bench opened")
    assert refused.value.install == "install it"
