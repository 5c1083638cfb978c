import itertools
import xml.etree.ElementTree as ET

import pytest
from msgspec.structs import replace

from earwitness.experiment.design import Arm, Bars, Curve
from earwitness.report import charts, words
from earwitness.report.charts import predictions, scale
from tests.report import samples

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "\"><script>alert('x')</script>\x00&amp;]]>"


def drawn(document):
    return [(chart, charts.draw(chart, document)) for chart in document.charts]


def texts(svg):
    return [span.text for span in ET.fromstring(svg).iter(f"{SVG}tspan")]


def percent(element, name):
    return float(element.get(name).removesuffix("%"))


@pytest.mark.parametrize("document", samples.runs(), ids=lambda run: run.claim)
def test_every_chart_is_named_well_formed_and_inside_its_place(document):
    for chart, svg in drawn(document):
        root = ET.fromstring(svg)
        assert root.get("role") == "img"
        assert root.find(f"{SVG}title").text == chart.title
        assert root.find(f"{SVG}desc").text
        for place in root.iter(f"{SVG}rect"):
            assert (
                0 <= percent(place, "x") <= percent(place, "x") + percent(place, "width") <= 100.01
            )
        for place in root.iter(f"{SVG}tspan"):
            assert 0 <= percent(place, "x") <= 100
            assert 0 < float(place.get("y")) <= float(root.get("height"))


def test_bars_say_the_median_of_each_arm():
    document = samples.supported()
    svg = charts.draw(document.charts[0], document)
    assert [text for text in texts(svg) if "locks" in text] == [
        "3 locks",
        "33 locks",
        "303 locks",
        "3003 locks",
    ]


def test_bars_on_a_linear_axis_are_in_proportion():
    document = samples.supported()
    linear = replace(document.charts[0], logarithmic=False)
    root = ET.fromstring(charts.draw(linear, document))
    widths = [percent(rect, "width") for rect in root.iter(f"{SVG}rect")]
    assert widths[2] / widths[3] == pytest.approx(303 / 3003, rel=0.01)


def test_bars_take_the_arms_in_the_given_order():
    document = samples.supported()
    chart = replace(document.charts[0], arms=("p100", "p1"))
    assert [t for t in texts(charts.draw(chart, document)) if "locks" in t] == [
        "303 locks",
        "3 locks",
    ]


def with_unit(document, unit, title):
    """The first chart of the document in another unit, its arms with a longer title."""
    experiment = document.experiments[0]
    metrics = tuple(replace(metric, unit=unit) for metric in experiment.metrics)
    arms = tuple(replace(arm, title=title) for arm in experiment.arms)
    return replace(document, experiments=(replace(experiment, metrics=metrics, arms=arms),))


def test_an_axis_of_shares_is_in_percent_as_the_numbers_beside_it():
    document = with_unit(samples.supported(), "share", "an arm")
    chart = replace(document.charts[0], logarithmic=False)
    ticks = [t for t in texts(charts.draw(chart, document)) if t != "an arm"]
    assert all(text.endswith(" %") for text in ticks)


def test_a_long_name_leaves_room_for_a_long_number_on_the_narrowest_page():
    document = with_unit(
        samples.supported(), "transactions/s", "16 slots, the same rows in one table"
    )
    rows = texts(charts.draw(document.charts[0], document))
    longest = max(len(text) for text in rows if text.endswith("transactions/s"))
    names = [text for text in rows if text in "16 slots, the same rows in one table"]
    assert max(map(len, names)) + longest <= 45


def test_every_step_of_a_waterfall_starts_where_the_last_one_ended():
    document = samples.mixed()
    root = ET.fromstring(charts.draw(document.charts[0], document))
    bars = [(percent(r, "x"), percent(r, "width")) for r in root.iter(f"{SVG}rect")]
    assert len(bars) == len(samples.STEPS)
    for (x, width), (start, _) in itertools.pairwise(bars):
        assert start == pytest.approx(x + width, abs=0.5)


def test_a_step_down_is_told_from_a_step_up():
    document = samples.mixed()
    down = replace(document.charts[0], arms=("star", "text"))
    svg = charts.draw(down, document)
    assert "c-less" in svg
    assert "c-add" not in svg
    assert any(text.startswith(words.MINUS) for text in texts(svg))


def test_a_curve_has_a_line_for_each_metric():
    document = samples.supported()
    root = ET.fromstring(charts.draw(document.charts[1], document))
    lines = list(root.iter(f"{SVG}polyline"))
    assert len(lines) == 2
    assert all(len(line.get("points").split()) == 4 for line in lines)


def test_a_curve_splits_by_the_other_settings():
    document = samples.supported()
    arms = tuple(
        Arm(name=f"{keyed}{n}", title=f"{n}", settings={"partitions": n, "keyed": keyed})
        for keyed in (True, False)
        for n in (1, 10)
    )
    experiment = replace(document.experiments[0], arms=arms)
    values = {arm.name: {"p99": 2.0 + index} for index, arm in enumerate(arms)}
    run = replace(
        document, experiments=(experiment,), trials=samples.trials("locks", values, blocks=3)
    )
    svg = charts.draw(document.charts[2], run)
    assert len(list(ET.fromstring(svg).iter(f"{SVG}polyline"))) == 2
    assert "keyed True" in svg


def test_a_zero_among_settings_that_span_decades_does_not_squeeze_them():
    document = samples.supported()
    settings = (0, 1, 10, 100, 1000)
    arms = tuple(Arm(name=f"p{n}", title=f"{n}", settings={"partitions": n}) for n in settings)
    experiment = replace(document.experiments[0], arms=arms)
    values = {arm.name: {"p99": 2.0, "p50": 1.0} for arm in arms}
    run = replace(
        document, experiments=(experiment,), trials=samples.trials("locks", values, blocks=3)
    )
    root = ET.fromstring(charts.draw(document.charts[1], run))
    line = next(root.iter(f"{SVG}polyline"))
    places = [float(point.partition(",")[0]) for point in line.get("points").split()]
    steps = [b - a for a, b in itertools.pairwise(places)]
    assert steps[0] > 5
    assert steps[1:] == pytest.approx([steps[1]] * 3, rel=0.01)
    said = [span.text for span in root.iter(f"{SVG}tspan")]
    assert "0" in said and "partitions (logarithmic, zero apart)" in said


def test_names_of_lines_that_end_together_do_not_overlap():
    document = samples.supported()
    same = {arm.name: {"p99": 2.0, "p50": 2.0} for arm in samples.LOCK_ARMS}
    run = replace(document, trials=samples.trials("locks", same, blocks=3))
    root = ET.fromstring(charts.draw(document.charts[1], run))
    names = [t for t in root.iter(f"{SVG}text") if "c-name" in t.get("class")]
    heights = sorted(float(span.get("y")) for name in names for span in name.iter(f"{SVG}tspan"))
    assert len(heights) == 3
    assert all(b - a >= 14 for a, b in itertools.pairwise(heights))


@pytest.mark.parametrize("kind", range(3))
def test_no_trials_no_chart(kind):
    document = samples.supported()
    assert charts.draw(document.charts[kind], replace(document, trials=())) is None
    assert charts.draw(document.charts[kind], replace(document, experiments=())) is None


@pytest.mark.parametrize("values", [(0.0, 0.0), (5.0, 5.0), (-3.0, 4.0), (1e-9, 1e9)])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_strange_numbers_can_be_drawn(values, logarithmic):
    document = samples.supported()
    data = dict(zip(("p1", "p100"), ({"p99": v} for v in values), strict=True))
    run = replace(document, trials=samples.trials("locks", data, blocks=1, spread=0.0))
    common = {"experiment": "locks", "title": "t", "caption": "", "logarithmic": logarithmic}
    for chart in (
        Bars(metric="p99", **common),
        Curve(metrics=("p99",), along="partitions", **common),
    ):
        ET.fromstring(charts.draw(chart, run))


def test_a_forest_shows_what_was_measured():
    svg = charts.forest(samples.supported().hypotheses, "All")
    assert f"51{words.TIMES} [50.5, 51.6]" in texts(svg)
    assert "exactly 303 locks" in texts(svg)
    assert charts.forest(samples.unavailable().hypotheses, "All") is None


def test_a_supported_interval_lies_in_the_shaded_part():
    root = ET.fromstring(charts.forest(samples.supported().hypotheses[:1], "One"))
    holds = next(r for r in root.iter(f"{SVG}rect") if r.get("class") == "c-holds")
    bar = next(line for line in root.iter(f"{SVG}line") if "c-interval" in line.get("class"))
    assert percent(holds, "x") < percent(bar, "x1") < percent(bar, "x2")
    assert percent(bar, "x2") < percent(holds, "x") + percent(holds, "width")


def test_hostile_names_stay_text():
    document = samples.supported()
    arms = tuple(replace(arm, title=HOSTILE) for arm in document.experiments[0].arms)
    experiment = replace(document.experiments[0], arms=arms)
    run = replace(document, experiments=(experiment,))
    for chart in document.charts:
        svg = charts.draw(replace(chart, title=HOSTILE), run)
        ET.fromstring(svg)
        assert "<script" not in svg
        assert "\x00" not in svg


def test_predictions_are_binned_by_tenths():
    found = predictions.bins([(0.7, True), (0.72, False), (0.9, True), (1.0, True), (0.0, False)])
    assert [(one.predictions, one.came_true) for one in found] == [(1, 0), (2, 0.5), (2, 1)]
    assert found[1].stated == pytest.approx(0.71)


def test_calibration_and_factors():
    assert charts.calibration([]) is None
    assert charts.factors([]) is None
    said = ET.fromstring(charts.calibration([(0.7, True), (0.7, False)])).find(f"{SVG}desc").text
    assert said == "Stated about 70 %: 50 % of 2 predictions came true."
    root = ET.fromstring(charts.factors([0.0, 0.69, 2.3]))
    assert len([p for p in root.iter(f"{SVG}path") if p.get("class") == "c-disc"]) == 3


@pytest.mark.parametrize("values", [(0.5, 3.0), (3.0, 3003.0), (41.0, 41.0), (0.0, 7.0)])
def test_scales_hold_their_values_and_have_round_ticks(values):
    for axis in (scale.from_zero(values), scale.logarithmic(values)):
        assert axis.low <= max(values) <= axis.high * (1 + 1e-9)
        ticks = axis.ticks()
        assert 2 <= len(ticks) <= 9
        assert all(axis.start <= axis.at(tick) <= axis.end for tick in ticks)
        assert sorted(ticks) == ticks
