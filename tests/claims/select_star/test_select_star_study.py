"""The study as a value: arms of a chain differ in one thing, and verdicts can go either way."""

import itertools
from collections.abc import Mapping

import msgspec
import pytest

from earwitness.claims.select_star import (
    causes,
    clients,
    design,
    experiment,
    sending_design,
    studies,
    tables,
)
from earwitness.claims.select_star.claim import CLAIM
from earwitness.claims.select_star.window import Window
from earwitness.experiment import judgement
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.design import (
    Arm,
    Bars,
    Condition,
    Control,
    Depth,
    Experiment,
    HeatMap,
    Ratio,
    Waterfall,
)
from earwitness.experiment.observation import Observation, Trial
from earwitness.experiment.verdict import Verdict


def settings_that_differ(one: Arm, other: Arm) -> set[str]:
    return {
        name
        for name in {*one.settings, *other.settings}
        if one.settings.get(name) != other.settings.get(name)
    }


def test_each_step_of_the_way_changes_one_setting() -> None:
    steps = [design.path.arm(name) for name in design.WAY]
    changed = [settings_that_differ(*pair) for pair in itertools.pairwise(steps)]
    assert changed[0] == {"index_only_scan"}
    assert changed[1:5] == [{"columns"}] * 4
    assert changed[5:] == [{"look"}] * 2


def test_walking_through_the_row_asks_for_as_many_numbers_and_no_more() -> None:
    named, last = (tables.column_names("wide", word) for word in ("named", "last"))
    inline = tables.column_names("wide", "inline")
    assert (len(named), named[0]) == (len(last), last[0])
    assert (inline.index(named[1]), inline.index(last[1])) == (1, len(inline) - 1)


def test_what_a_hypothesis_compares_differs_in_one_setting() -> None:
    for hypothesis in causes.CAUSES:
        contrast = hypothesis.contrast
        if isinstance(contrast, Ratio) and hypothesis.id not in ("cold-pages", "cold-time"):
            arms = CLAIM.experiment(hypothesis.experiment)
            pair = arms.arm(contrast.arm), arms.arm(contrast.reference)
            assert len(settings_that_differ(*pair)) == 1, hypothesis.id


@pytest.mark.parametrize("study", studies.STUDIES, ids=lambda study: study.id)
def test_every_timed_study_has_an_arm_and_its_identical_twin(study: Experiment) -> None:
    controls = [gate for gate in study.gates if isinstance(gate, Control)]
    assert controls
    for control in controls:
        assert study.arm(control.arm).settings == study.arm(control.twin).settings


def test_none_of_them_runs_at_proof() -> None:
    assert all(study.plan_at(Depth.PROOF) is None for study in studies.STUDIES)
    assert all(study.plan_at(Depth.FULL) != study.plan_at(Depth.STUDY) for study in studies.STUDIES)


def test_the_four_ways_of_storing_cross_two_causes() -> None:
    assert len(tables.STORAGE) == 4
    assert {str(arm.settings["table"]) for arm in design.storage.arms} == set(tables.STORAGE)


# Verdicts.


def judged(study: Experiment, values: Mapping[str, Mapping[str, float]]) -> dict[str, Verdict]:
    """Six blocks in which every arm shows 1 of everything but for what ``values`` says."""
    calm = {metric.name: 1.0 for metric in study.metrics}
    calm |= {"pages_from_disk": 0.0, "cached": 0.0, "forecast_error": 0.1}
    trials = [
        Trial(
            experiment=study.id,
            block=block,
            position=place,
            arm=arm.name,
            observation=Observation(values=calm | dict(values.get(arm.name, {}))),
            seconds=0.1,
        )
        for block in range(1, 7)
        for place, arm in enumerate(study.arms)
    ]
    results = judgement.judge_experiment(CLAIM, study, Depth.STUDY, trials)
    return {result.id: result.verdict for result in results}


def test_equal_arms_refute_what_speaks_of_twice_as_much() -> None:
    assert judged(design.path, {}) == {
        "deforming": Verdict.REFUTED,
        "output": Verdict.REFUTED,
        "binary-output": Verdict.REFUTED,
        "binary-bytes": Verdict.REFUTED,
        "client-side": Verdict.REFUTED,
    }
    verdicts = judged(design.storage, {})
    assert verdicts.pop("sent-unpacked") is Verdict.SUPPORTED
    assert set(verdicts.values()) == {Verdict.REFUTED}


def test_a_cost_in_one_step_supports_the_sentence_about_it_alone() -> None:
    slow = {"spent_ms": 4.0}
    later = dict.fromkeys(design.WAY[design.WAY.index("deformed") :], slow)
    verdicts = judged(design.path, {**later, "decoded-again": slow})
    assert verdicts["deforming"] is Verdict.SUPPORTED
    assert verdicts["output"] is Verdict.REFUTED
    assert verdicts["client-side"] is Verdict.REFUTED


def test_files_that_stayed_in_memory_give_no_verdict_on_cold() -> None:
    cold = {"server_ms": 40.0, "pages_from_disk": 100.0}
    arms = {"everything-cold": cold, "everything-cold-again": cold}
    arms["index-alone-cold"] = {"pages_from_disk": 5.0}
    assert judged(design.cold, arms)["cold-time"] is Verdict.SUPPORTED
    assert judged(design.cold, arms)["cold-pages"] is Verdict.SUPPORTED
    arms["everything-cold"] = cold | {"cached": 0.5}
    assert judged(design.cold, arms)["cold-time"] is Verdict.INCONCLUSIVE
    assert judged(design.cold, arms)["cold-pages"] is Verdict.INCONCLUSIVE


def test_a_forecast_that_errs_once_is_refuted() -> None:
    assert judged(sending_design.forecast, {})["forecast"] is Verdict.SUPPORTED
    wrong = {"star": {"forecast_error": 2.1}}
    assert judged(sending_design.forecast, wrong)["forecast"] is Verdict.REFUTED


def test_a_wire_that_is_not_as_slow_as_its_rate_is_not_believed() -> None:
    slow = {"receive_ms": 50.0}
    arms = {
        "star-100": slow | {"over_computed": 1.03},
        "star-100-again": slow,
        "inline-100": {"receive_ms": 2.0},
        "inline-unlimited": {"receive_ms": 1.0},
    }
    assert set(judged(sending_design.wire, arms).values()) == {Verdict.SUPPORTED}
    arms["star-100"] = {"receive_ms": 1.0, "over_computed": 0.1}
    arms["star-100-again"] = {"receive_ms": 1.0}
    verdicts = judged(sending_design.wire, arms)
    assert verdicts["wire-star"] is verdicts["wire-computed"] is Verdict.REFUTED
    assert verdicts["wire-remedy"] is Verdict.REFUTED


def test_conditions_name_metrics_that_every_arm_they_look_at_reports() -> None:
    for gate in design.cold.gates:
        if isinstance(gate, Condition) and gate.metric == "cached":
            cooled = {arm.name for arm in design.cold.arms if arm.settings["cold"]}
            assert set(gate.arms) == cooled


# Clients.


@pytest.mark.parametrize(
    ("study", "module"),
    [("decoding-asyncpg", "asyncpg"), ("decoding-arrow", "adbc_driver_postgresql.dbapi")],
)
def test_a_client_that_is_missing_is_named_with_the_command_that_installs_it(
    study: str, module: str, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = clients.importlib.import_module

    def import_module(name: str):
        if name == module:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name)

    monkeypatch.setattr(clients.importlib, "import_module", import_module)
    chosen = CLAIM.experiment(study)
    plan = chosen.plan_at(Depth.STUDY)
    assert plan is not None
    settings = BenchSettings(
        plan=plan,
        arms=chosen.arms,
        seed=1,
        workspace=tmp_path,
        announce=lambda _: pytest.fail("no server may be started"),
    )
    with (
        pytest.raises(Unavailable, match=module.split(".", maxsplit=1)[0]) as refused,
        experiment.open_bench(chosen, settings),
    ):
        pytest.fail("the bench opened")
    assert refused.value.install == "pip install 'earwitness[clients]'"


# Rows.


def test_blocks_read_other_rows_and_a_seed_repeats_them() -> None:
    window = Window(seed=3, rows=1000, fetched=100)
    firsts = [window.first(block) for block in range(1, 30)]
    assert firsts == [window.first(block) for block in range(1, 30)]
    assert len(set(firsts)) > 20
    assert all(1 <= first <= 901 for first in firsts)
    assert Window(seed=3, rows=5, fetched=5).first(1) == 1


def test_the_study_survives_storage() -> None:
    for study in studies.STUDIES:
        assert msgspec.json.decode(msgspec.json.encode(study), type=Experiment) == study


def test_everything_that_a_study_tries_is_in_a_chart() -> None:
    """The binary format was once measured in three arms and shown in none."""
    for tried in studies.STUDIES:
        shown: set[str] = set()
        for chart in CLAIM.charts:
            if not isinstance(chart, HeatMap) and chart.experiment == tried.id:
                assert isinstance(chart, Bars | Waterfall)
                shown.update(chart.arms or [arm.name for arm in tried.arms])
        repeated = {arm.name for arm in tried.arms if arm.name.endswith("-again")}
        assert {arm.name for arm in tried.arms} - repeated <= shown


def test_a_computed_link_is_charted_at_the_rate_that_is_spoken_of() -> None:
    charted = {c.metric for c in CLAIM.charts if isinstance(c, Bars) and c.experiment == "forecast"}
    assert charted == {"wire_1000_ms", "wire_100_ms"}
