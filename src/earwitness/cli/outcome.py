"""Saying what came out: documents to standard output in the format asked for, and the report."""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from earwitness.check import kinds
from earwitness.claims import registry
from earwitness.report import console, html, json, markdown
from earwitness.report.document import RunDocument, ShowDocument
from earwitness.trouble import Trouble

_REPORTS = "reports"


class CannotWrite(Trouble):
    """A file that was asked for cannot be made or written; which, and why."""


def tell(documents: Sequence[RunDocument], format_: str, report: Path | None, folder: Path) -> None:
    """Say one run: in detail on a terminal, whole as a document."""
    for run in documents:
        if format_ == "text":
            terminal = Console()
            terminal.print(console.run_detail(run, terminal.width))
            _closing(run.surprise, registry.targets(run.claim))
        else:
            sys.stdout.write(encoded(run, format_))
        _write_report(html.render_run(run), report, run_report(folder, run), format_)


def tell_page(
    page: ShowDocument,
    documents: Sequence[RunDocument],
    format_: str,
    report: Path | None,
    folder: Path,
) -> None:
    """Say the show's page; claims that belong to no episode follow in detail."""
    if format_ == "text":
        terminal = Console()
        terminal.print(console.show(page, terminal.width))
        on_page = {claim for entry in page.episodes for claim in entry.episode.claims}
        for run in documents:
            if run.claim not in on_page:
                terminal.print(console.run_detail(run, terminal.width))
        _closing(page.surprise, {kind.name for kind in kinds.KINDS})
    else:
        sys.stdout.write(encoded(page, format_))
    _write_report(html.render_show(page), report, folder / _REPORTS / f"{page.show}.html", format_)


def encoded(document: RunDocument | ShowDocument, format_: str) -> str:
    """A document in a format other than text."""
    if format_ == "json":
        return json.encode(document).decode() + "\n"
    if isinstance(document, RunDocument):
        return html.render_run(document) if format_ == "html" else markdown.render_run(document)
    return html.render_show(document) if format_ == "html" else markdown.render_show(document)


def _closing(surprise: str | None, targets: Collection[str]) -> None:
    """What was surprising, and what of the reader's own the same can be looked for in."""
    terminal = Console(highlight=False)
    if surprise:
        terminal.print(f"\n[bold]A surprise:[/bold] {escape(surprise)}")
    examples = [kind.example for kind in kinds.KINDS if kind.name in targets]
    if examples:
        terminal.print("\nIs yours next?")
    for example in examples:
        terminal.print(f"  [bold]earwitness check {escape(example)}[/bold]", soft_wrap=True)


def run_report(folder: Path, run: RunDocument) -> Path:
    """Where the report of a run goes unless somebody says otherwise."""
    return folder / _REPORTS / f"{run.run_id}.html"


def write(text: str, path: Path) -> Path:
    """Write a file, folders included, and return its absolute path. Raises CannotWrite."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise CannotWrite(f"{path} cannot be written: {problem.strerror}") from problem
    return path.absolute()


def _write_report(text: str, chosen: Path | None, default: Path, format_: str) -> None:
    """Write the HTML report: where it was asked for, else in the data folder beside text."""
    if chosen is None and format_ != "text":
        return
    told = sys.stdout if format_ == "text" else sys.stderr
    print(f"\nreport: {write(text, chosen or default)}", file=told)
