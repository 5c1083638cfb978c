import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from earwitness.experiment.design import HeatMap, Metric
from earwitness.report import charts, markdown
from earwitness.report.charts.heat_map import SHADES, rows, shade
from tests.report import samples

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "\"><script>alert('x')</script>\x00&amp;]]>"
CHART = HeatMap(
    experiments=("locks", "absent"),
    metrics=("early", "late"),
    title="Who gets in",
    caption="A map.",
)


@pytest.fixture
def run():
    document = samples.supported()
    metrics = tuple(Metric(name=name, title=f"When {name}") for name in CHART.metrics)
    experiment = replace(document.experiments[0], metrics=metrics)
    seen = {"p1": {"early": 0.0, "late": 4.0}, "p10": {"early": 1.0}}
    found = samples.trials("locks", seen, blocks=3, spread=0.0)
    return replace(document, experiments=(experiment,), charts=(CHART,), trials=found)


def cells(root):
    return [r for r in root.iter(f"{SVG}rect") if r.get("class").startswith("c-heat ")]


def test_a_cell_for_each_number_darker_where_it_is_greater(run):
    root = ET.fromstring(charts.draw(CHART, run))
    shades = [int(cell.get("class")[-1]) for cell in cells(root)]
    assert shades == [0, SHADES, 1, 0]
    texts = [[s.text for s in t.iter(f"{SVG}tspan")] for t in root.iter(f"{SVG}text")]
    assert [t for t in texts if t[0] in {"0", "4", "1"}] == [["0"], ["4"], ["1"]]


def test_what_it_shows_is_said_as_well(run):
    said = ET.fromstring(charts.draw(CHART, run)).find(f"{SVG}desc").text
    title = rows(CHART, run)[0].arm.title
    assert f"{title}: When early 0, When late 4" in said


def test_cells_stand_side_by_side_and_inside(run):
    root = ET.fromstring(charts.draw(CHART, run))
    height = float(root.get("height"))
    for cell in cells(root):
        right = sum(float(cell.get(name).removesuffix("%")) for name in ("x", "width"))
        assert right <= 100
        assert float(cell.get("y")) + float(cell.get("height")) <= height


def test_blocks_that_differ_are_not_hidden_by_their_median(run):
    trials = samples.trials("locks", {"p1": {"early": 0.0, "late": 1.0}}, blocks=3, spread=0.0)
    last = trials[-1]
    dissent = replace(last, observation=replace(last.observation, values={"late": 0.0}))
    found = rows(CHART, replace(run, trials=(*trials[:-1], dissent)))
    assert found[0].numbers == (0.0, 1.0)
    assert found[0].words == ("0", "0 to 1")


def test_nothing_measured_nothing_drawn(run):
    assert charts.draw(CHART, replace(run, trials=())) is None
    assert charts.draw(CHART, replace(run, experiments=())) is None
    assert rows(replace(CHART, metrics=("never",)), run) == []


def test_hostile_names_stay_text(run):
    experiment = run.experiments[0]
    arms = tuple(replace(arm, title=HOSTILE) for arm in experiment.arms)
    hostile = replace(run, experiments=(replace(experiment, arms=arms),))
    drawn = charts.draw(replace(CHART, title=HOSTILE), hostile)
    ET.fromstring(drawn)
    assert "<script" not in drawn


def test_markdown_has_it_as_a_table(run):
    text = markdown.render_run(run)
    title = rows(CHART, run)[0].arm.title
    assert "| Arm | When early | When late |" in text
    assert f"| {markdown.plain(title)} | 0 | 4 |" in text


@given(st.none() | st.floats(0, 1e9), st.floats(0, 1e9))
def test_shades_are_in_range_and_only_nothing_is_the_lightest(number, greatest):
    found = shade(number, greatest)
    assert 0 <= found <= SHADES
    assert (found == 0) == (not number or greatest <= 0)


def test_a_range_that_does_not_fit_into_its_cell_stands_in_several_lines(run):
    names = ("early", "late", "later")
    metrics = tuple(Metric(name=name, title=name, unit="share") for name in names)
    experiment = replace(run.experiments[0], metrics=metrics)
    trials = samples.trials("locks", {"p1": dict.fromkeys(names, 0.2)}, blocks=5, spread=0.3)
    wide = replace(run, experiments=(experiment,), trials=trials)
    for columns, lines in ((2, 2), (3, 3)):
        chart = replace(CHART, experiments=("locks",), metrics=names[:columns])
        root = ET.fromstring(charts.draw(chart, wide))
        numbers = [t for t in root.iter(f"{SVG}text") if t.get("class") == "c-number"]
        assert len(numbers) == columns
        for number in numbers:
            said = [span.text for span in number.iter(f"{SVG}tspan")]
            assert len(said) == lines
            assert max(map(len, said)) <= 24 // columns
