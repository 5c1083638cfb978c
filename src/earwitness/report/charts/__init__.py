"""Static SVG from data: no script, no fixed colours, no font of its own.

One module for each kind of chart, all pure: values in, text out. Positions across are percentages
and positions down are pixels, so a drawing is as wide as the place it stands in while its text
keeps its size; colours are classes that ``charts.css`` ties to the theme. Everything that a chart
shows is also said in its ``<desc>``.

``draw`` makes a claim's own charts; ``forest``, ``calibration`` and ``factors`` are made from
results and predictions, ``retention`` and ``forecast`` from reviews.
"""

from earwitness.experiment.design import Bars, Chart, Curve, HeatMap, Topology
from earwitness.report.charts.bars import bars, waterfall
from earwitness.report.charts.curve import curve
from earwitness.report.charts.forest import forest
from earwitness.report.charts.heat_map import heat_map
from earwitness.report.charts.predictions import calibration, factors
from earwitness.report.charts.review import forecast, retention
from earwitness.report.charts.topology import topology
from earwitness.report.document import RunDocument

__all__ = ["calibration", "draw", "factors", "forecast", "forest", "retention"]


def draw(chart: Chart, run: RunDocument) -> str | None:
    """The chart from the trials of a run; None when the run measured nothing that it shows."""
    match chart:
        case Bars():
            return bars(chart, run)
        case Curve():
            return curve(chart, run)
        case Topology():
            return topology(chart, run)
        case HeatMap():
            return heat_map(chart, run)
        case _:
            return waterfall(chart, run)
