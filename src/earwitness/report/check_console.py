"""What a terminal shows of a check: findings, what was not seen, and the plan.

Builds Rich renderables from documents and from ``check_words``; prints nothing itself, and says
nothing that the other formats do not say. Texts are never read as markup.
"""

from collections.abc import Iterable, Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from earwitness.check.evidence import Unseen
from earwitness.check.finding import Finding, Severity
from earwitness.check.plan import Step
from earwitness.report import check_words as words
from earwitness.report.check_document import CheckDocument, PlanDocument

_STYLES: Mapping[Severity, str] = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "bold yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}


def check(document: CheckDocument) -> RenderableType:
    """The whole check: the target, every finding, what was not seen, and what it comes to."""
    parts: list[RenderableType] = [
        Text(words.visible(document.target), style="bold"),
        Text(words.visible(words.about(document)), style="dim"),
        Text(),
        *map(_finding, document.findings),
    ]
    if document.not_seen:
        parts.append(_not_seen(document.not_seen))
    parts.append(Text(words.ending(document), style="bold"))
    return Group(*parts)


def _finding(finding: Finding) -> RenderableType:
    heading = Text.assemble(
        (finding.severity.upper(), _STYLES[finding.severity]), " ", (finding.title, "bold")
    )
    grid = _grid()
    for name, text in (
        ("where", words.place(finding)),
        ("source", words.source(finding)),
        ("seen", finding.statement),
        ("fix", finding.fix),
        ("more", finding.learn_more),
        ("id", finding.id),
    ):
        if text:
            grid.add_row(name, Text(words.visible(text)))
    return Group(heading, Padding(grid, (0, 0, 1, 2)))


def _not_seen(missed: Iterable[Unseen]) -> RenderableType:
    grid = _grid()
    for one in missed:
        grid.add_row(one.claim, Text(words.visible(words.missed(one))))
    return Group(Text("NOT SEEN", style="bold yellow"), Padding(grid, (0, 0, 1, 2)))


def plan(document: PlanDocument) -> RenderableType:
    """Every step in order, what it is for, and the budget."""
    parts: list[RenderableType] = [
        Text(words.visible(document.target), style="bold"),
        Text(f"Nothing was sent. A check sends this, {words.budget(document.budget)}."),
        Text("; ".join(document.writes) or "It writes nothing.", style="dim"),
        Text("\nTo open the session", style="bold"),
        *map(_step, document.opening),
    ]
    for planned in document.checks:
        parts.append(Text(f"\n{planned.claim}: {planned.title}", style="bold"))
        parts += map(_step, planned.steps)
    parts.append(Text("\nTo end it", style="bold"))
    parts += map(_step, document.closing)
    return Group(*parts)


def _step(step: Step) -> RenderableType:
    heading = Text.assemble((step.name, "cyan"), f"  {words.purpose(step)}")
    return Group(heading, Padding(Text(step.text, style="dim"), (0, 0, 0, 4)))


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(ratio=1)
    return grid
