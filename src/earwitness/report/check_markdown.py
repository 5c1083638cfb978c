"""A check as Markdown that can be pasted into an issue or a merge request: tables, no HTML.

Every text of a document passes ``markdown.plain``, so that nothing in it becomes markup.
"""

from collections.abc import Iterable, Sequence

from earwitness.check.evidence import Unseen
from earwitness.check.finding import Finding
from earwitness.check.plan import Step
from earwitness.report import check_words as words
from earwitness.report.check_document import CheckDocument, PlanDocument
from earwitness.report.markdown import plain
from earwitness.report.quantities import moment


def render_check(document: CheckDocument) -> str:
    """The whole check."""
    parts = [
        f"# Check of {_said(document.target)}",
        f"{_said(words.about(document))}. Checked {moment(document.checked_at)} by Earwitness "
        f"{plain(document.version)}.",
        f"**{_said(words.ending(document))}**",
    ]
    if document.findings:
        parts += ["## Findings", _findings(document.findings)]
    if document.not_seen:
        parts += ["## Not seen", _not_seen(document.not_seen)]
    return "\n\n".join(parts) + "\n"


def render_plan(document: PlanDocument) -> str:
    """Every step in order, and the budget."""
    parts = [
        f"# Plan of a check of {_said(document.target)}",
        f"Nothing was sent. A check sends this, {plain(words.budget(document.budget))}.",
        _said("; ".join(document.writes) or "It writes nothing."),
        "## To open the session",
        *map(_step, document.opening),
    ]
    for planned in document.checks:
        parts.append(f"## {plain(planned.claim)}: {plain(planned.title)}")
        parts += map(_step, planned.steps)
    parts += ["## To end it", *map(_step, document.closing)]
    return "\n\n".join(parts) + "\n"


def _findings(findings: Iterable[Finding]) -> str:
    return _table(
        ("Severity", "Finding", "Where", "Seen", "Fix"),
        (
            (
                finding.severity.value,
                f"{finding.title} ({finding.id})",
                "; ".join(filter(None, (words.place(finding), words.source(finding)))),
                finding.statement,
                finding.fix,
            )
            for finding in findings
        ),
    )


def _not_seen(missed: Iterable[Unseen]) -> str:
    return _table(
        ("Claim", "What", "Why", "To see it"),
        ((one.claim, one.what, one.reason, one.needs) for one in missed),
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *([_said(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _step(step: Step) -> str:
    return f"{plain(step.name)}: {plain(words.purpose(step))}\n\n```sql\n{step.text}\n```"


def _said(text: str) -> str:
    return plain(words.visible(text))
