"""The HTML report: one self-contained file, without script and without a request to anybody.

Templates and style sheets lie beside this module as package data; what they show is picked by
``selection``, said by ``words`` and drawn by ``charts``. Every value is escaped by the template
engine; drawings escape their own texts. The page's own content security policy forbids everything
but its one style sheet, which it names by hash.
"""

import base64
import functools
import hashlib
from collections.abc import Mapping
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from earwitness.report import charts, selection, unparted, words
from earwitness.report.document import RunDocument, ShowDocument

STYLE_SHEETS = ("tokens.css", "claim.css", "charts.css", "page.css")
"""In the order in which they stand on a page; the site has all but the last."""

ICONS: Mapping[str, str] = {
    "supported": "supported",
    "refuted": "refuted",
    "mixed": "mixed",
    "inconclusive": "inconclusive",
    "unavailable": "unavailable",
    "running": "running",
    "interrupted": "stopped",
    "failed": "stopped",
}
"""The name of the icon and of the colour for a state; any other state has ``none``."""


def render_show(document: ShowDocument) -> str:
    """The show's page: every episode in order with what was measured here."""
    return _environment().get_template("show.html.j2").render(show=document, **_page())


def render_run(document: RunDocument) -> str:
    """One claim alone."""
    return _environment().get_template("run.html.j2").render(run=document, **_page())


def drawings(run: RunDocument) -> list[tuple[str, str, str]]:
    """The claim's charts that the run has data for: title, caption, SVG."""
    drawn = ((chart, charts.draw(chart, run)) for chart in run.charts)
    return [(chart.title, chart.caption, svg) for chart, svg in drawn if svg]


def overview(run: RunDocument) -> str | None:
    """The chart of all effects against what was asked; None when nothing was measured."""
    return charts.forest(selection.role_order(run), "Effects against what was asked for")


def icon(state: str) -> str:
    """The name of the icon of a state."""
    return ICONS.get(state, "none")


VOCABULARY: Mapping[str, object] = {
    "words": unparted.vocabulary(words),
    "selection": selection,
    "drawings": drawings,
    "overview": overview,
    "icon": icon,
}
"""What the templates of claims call by name, wherever they stand."""


@functools.cache
def style() -> str:
    """The style sheet of the page, as one text."""
    folder = resources.files("earwitness.report")
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in STYLE_SHEETS)


def security_policy() -> str:
    """The content security policy: nothing at all, but this style sheet and an empty icon."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _page() -> dict[str, object]:
    return {"style": style(), "security_policy": security_policy()}


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("earwitness.report"),
        autoescape=select_autoescape(["j2", "html"], default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(VOCABULARY)
    environment.filters["unparted"] = unparted.unparted
    return environment
