"""Draw charts of an exported run as SVG files of their own, for pages that show images.

    earwitness runs export RUN --to run.json
    python scripts/draw_charts.py run.json docs/images slots-mean_ms sweep-planning_ms

A chart is named by its first experiment and its first metric. The file carries the style sheet of the
report, so that it follows the reader's theme also as an image.
"""

import argparse
import re
from importlib import resources
from pathlib import Path

import msgspec

from earwitness.experiment.design import Chart, Curve, HeatMap, Topology
from earwitness.report import charts
from earwitness.report.document import RunDocument

WIDTH = 368
"""Pixels; a chart has no width of its own. As an image it is scaled, its text too: this one hardly on a phone."""
MARGIN = 16
"""Pixels around it."""


def name(chart: Chart) -> str:
    """What a chart is called on the command line."""
    experiment = chart.experiments[0] if isinstance(chart, HeatMap) else chart.experiment
    several = isinstance(chart, Curve | Topology | HeatMap)
    metric = chart.metrics[0] if several else chart.metric
    return f"{experiment}-{metric}"


def style() -> str:
    """The colours of both themes, and the classes of charts."""
    report = resources.files("earwitness.report")
    page = report.joinpath("tokens.css").read_text()
    colours = re.findall(r"^:root \{.*?^\}|^@media screen.*?^\}", page, re.MULTILINE | re.DOTALL)
    return "\n".join([*colours, report.joinpath("charts.css").read_text()])


def image(drawn: str) -> str:
    """The drawing with its style, at a size of its own and on the paper of its theme."""
    found = re.search(r'width="100%" height="([\d.]+)"', drawn)
    assert found is not None, "every drawing says its height"
    height = float(found[1])
    wide, high = WIDTH + 2 * MARGIN, height + 2 * MARGIN
    inner = drawn.replace(
        found[0], f'x="{MARGIN}" y="{MARGIN}" width="{WIDTH}" height="{height:g}"', 1
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high:g}" '
        f'viewBox="0 0 {wide} {high:g}"><style>{style()}</style>'
        f'<rect width="100%" height="100%" style="fill: var(--paper)"/>{inner}</svg>\n'
    )


def main() -> None:
    """Draw what is asked for, or say what could be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="what earwitness runs export wrote")
    parser.add_argument("folder", type=Path)
    parser.add_argument("charts", nargs="+", help="such as slots-mean_ms")
    asked = parser.parse_args()
    run = msgspec.json.decode(asked.run.read_bytes(), type=RunDocument)
    known = {name(chart): chart for chart in reversed(run.charts)}
    for wanted in asked.charts:
        if wanted not in known:
            parser.error(f"there is no chart {wanted}; there are {', '.join(sorted(known))}")
        drawn = charts.draw(known[wanted], run)
        if drawn is None:
            parser.error(f"the run measured nothing that {wanted} shows")
        (asked.folder / f"{run.claim}-{wanted.replace('_', '-')}.svg").write_text(image(drawn))


if __name__ == "__main__":
    main()
