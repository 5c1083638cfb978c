import xml.etree.ElementTree as ET

import pytest
from msgspec.structs import replace

from earwitness.experiment.design import Link, Metric, Node, Topology
from earwitness.report import charts, markdown
from earwitness.report.charts import svg as elements
from earwitness.report.charts.topology import places
from tests.report import samples

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "\"><script>alert('x')</script>\x00&amp;]]>"


def node(name, *, counted=True):
    before, after = (f"before_{name}", f"after_{name}") if counted else (None, None)
    return Node(name=name, title=f"the {name}", before=before, after=after)


CHART = Topology(
    experiment="locks",
    arm="p1",
    title="Routes before and after",
    caption="A map.",
    nodes=(node("origin", counted=False), node("left"), node("right"), node("far")),
    links=(
        Link(first="origin", second="left"),
        Link(first="right", second="origin"),
        Link(first="left", second="right"),
        Link(first="far", second="right"),
    ),
)


@pytest.fixture
def run():
    document = samples.supported()
    metrics = tuple(Metric(name=name, title=name) for name in CHART.metrics)
    experiment = replace(document.experiments[0], metrics=metrics)
    counted = {"before_left": 48.0, "after_left": 0.0, "before_right": 48.0, "after_right": 48.0}
    seen = {"p1": counted, "p10": {"before_far": 7.0, "after_far": 7.0}}
    found = samples.trials("locks", seen, blocks=3, spread=0.0)
    return replace(document, experiments=(experiment,), charts=(CHART,), trials=found)


def percent(element, name):
    return float(element.get(name).removesuffix("%"))


def lines_of(root):
    return [[span.text for span in text.iter(f"{SVG}tspan")] for text in root.iter(f"{SVG}text")]


def test_every_place_has_its_name_and_the_numbers_that_were_measured(run):
    root = ET.fromstring(charts.draw(CHART, run))
    assert lines_of(root) == [
        ["the origin"],
        ["the left"],
        ["48 → 0"],
        ["the right"],
        ["48 → 48"],
        ["the far"],
    ]
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == CHART.title
    said = root.find(f"{SVG}desc").text
    assert "the left: 48 before, 0 after" in said
    assert "the far with the right" in said
    assert "the far: " not in said, "another arm's numbers are not this one's"


def test_what_lost_something_has_a_shape_of_its_own(run):
    shapes = [p.get("d") for p in ET.fromstring(charts.draw(CHART, run)).iter(f"{SVG}path")]
    assert shapes == [elements.SQUARE, elements.DIAMOND, elements.DOT, elements.SQUARE]


def test_rows_follow_the_distance_and_all_stays_inside(run):
    root = ET.fromstring(charts.draw(CHART, run))
    marks = [m for m in root.iter(f"{SVG}svg") if m.get("overflow") == "visible"]
    heights = [float(mark.get("y")) for mark in marks]
    assert heights[0] < heights[1] == heights[2] < heights[3]
    assert [percent(mark, "x") for mark in marks] == [50, 25, 75, 50]
    for span in root.iter(f"{SVG}tspan"):
        assert 0 <= percent(span, "x") <= 100
        assert 0 < float(span.get("y")) < float(root.get("height"))


def test_a_line_between_rows_runs_through_no_word(run):
    root = ET.fromstring(charts.draw(CHART, run))
    baselines = [float(span.get("y")) for span in root.iter(f"{SVG}tspan")]
    lines = list(root.iter(f"{SVG}line"))
    assert len(lines) == len(CHART.links)
    for line in lines:
        ends = float(line.get("y1")), float(line.get("y2"))
        assert not any(min(ends) < baseline - 4 < max(ends) for baseline in baselines)


def test_a_place_without_a_connection_comes_last(run):
    alone = replace(CHART, nodes=(*CHART.nodes, node("alone")))
    assert lines_of(ET.fromstring(charts.draw(alone, run)))[-1] == ["the alone"]


def test_nothing_measured_nothing_drawn(run):
    assert charts.draw(CHART, replace(run, trials=())) is None
    assert charts.draw(CHART, replace(run, experiments=())) is None
    assert charts.draw(replace(CHART, arm="p100"), run) is None
    assert places(replace(CHART, arm="p100"), run) == []


def test_hostile_names_stay_text(run):
    nodes = tuple(replace(one, title=HOSTILE) for one in CHART.nodes)
    drawn = charts.draw(replace(CHART, nodes=nodes, title=HOSTILE), run)
    ET.fromstring(drawn)
    assert "<script" not in drawn


def test_markdown_has_the_map_as_a_table(run):
    text = markdown.render_run(run)
    assert "| the left | 48 | 0 |" in text
    assert "| the right | 48 | 48 |" in text
