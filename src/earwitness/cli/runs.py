"""``earwitness runs``: past runs and checks, and what they saw judged again."""

import datetime as dt
import sys
import webbrowser
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click
import msgspec
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from earwitness import checks, history
from earwitness.cli import findings, options, outcome
from earwitness.cli.saying import say
from earwitness.report import (
    assembly,
    check_console,
    check_words,
    comparison,
    console,
    html,
    past_document,
    words,
)
from earwitness.report.check_document import CheckDocument
from earwitness.report.document import RunDocument
from earwitness.report.past_document import ComparisonDocument, ReplayDocument
from earwitness.store import runs as stored
from earwitness.store.connection import Store, data_folder, open_store
from earwitness.store.runs import RunRecord

DISAGREES = 1
_WITH_TIME = 100
"""Columns of a terminal from which on a list has the time of each run, which its id has too."""
_HEADINGS = {"hypotheses": "Hypothesis", "findings": "Finding"}
_ONLY_OF_RUNS = ("html",)
_ONLY_OF_CHECKS = ("sarif", "junit")


@click.group()
@options.data_of_all
def runs() -> None:
    """Past runs and checks: list, open, replay, compare, export."""


@runs.command(name="list")
@click.option("--claim", help="Only runs of this claim.")
@click.option("--most", type=click.IntRange(1), default=20, show_default=True)
@options.output_format("text", "json")
@options.data
def list_(claim: str | None, most: int, format_: str, data: Path | None) -> None:
    """The newest runs with their verdicts."""
    with open_store(data_folder(data)) as store:
        records = stored.every(store, claim=claim, most=most)
    say(tuple(past_document.row(one) for one in records), format_, lambda _: _list(records))


def _list(records: Sequence[RunRecord]) -> None:
    if not records:
        print("No runs yet. Start with: earwitness run")
        return
    screen = Console()
    with_time = screen.width >= _WITH_TIME
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Run", overflow="fold")
    for column in ("Depth", *["When (UTC)"] * with_time, "State", "Took"):
        table.add_column(column, no_wrap=True)
    for record in records:
        state = record.verdict if record.status == "finished" else record.status
        when = [f"{record.started_at:%Y-%m-%d %H:%M}"] * with_time
        kind = record.depth or record.kind
        table.add_row(record.id, kind, *when, console.badge(state or ""), _took(record))
    screen.print(table)


@runs.command(name="open")
@click.argument("run", default="latest")
@click.option("--html", "as_page", is_flag=True, help="Write the report and open it in a browser.")
@options.data
def open_(run: str, as_page: bool, data: Path | None) -> None:
    """Show RUN (an id, its beginning, or latest) in detail.

    As JSON: `earwitness runs export RUN`.
    """
    folder = data_folder(data)
    with open_store(folder) as store:
        document = _document(store, run)
    if isinstance(document, CheckDocument):
        if as_page:
            raise click.UsageError("a check has no page; `earwitness runs export` has its formats")
        Console().print(check_console.check(document))
        return
    if not as_page:
        terminal = Console()
        terminal.print(console.run_detail(document, terminal.width))
        return
    path = outcome.write(html.render_run(document), outcome.run_report(folder, document))
    print(path)
    webbrowser.open(path.as_uri())


@runs.command()
@click.argument("run", default="latest")
@options.output_format("text", "json")
@options.data
def replay(run: str, format_: str, data: Path | None) -> None:
    """Judge again what RUN observed.

    Says whether that agrees with what is stored.
    """
    with open_store(data_folder(data)) as store:
        record = stored.find(store, run)
        judge_again = _check_again if record.kind == "check" else _run_again
        replayed, kept, agrees = judge_again(store, record)
    document = ReplayDocument(run=record.id, verdict=replayed, agrees=agrees, stored=kept)
    say(document, format_, _tell_replay)
    sys.exit(0 if agrees else DISAGREES)


@runs.command()
@click.argument("one")
@click.argument("other")
@options.output_format("text", "json")
@options.data
def compare(one: str, other: str, format_: str, data: Path | None) -> None:
    """Two runs, or two checks, side by side.

    With what differs around them.
    """
    with open_store(data_folder(data)) as store:
        records = [stored.find(store, name) for name in (one, other)]
        if records[0].kind != records[1].kind:
            raise click.UsageError("one of them is a run and the other a check")
        ids = [record.id for record in records]
        left, right = (_document(store, id) for id in ids)
    if isinstance(left, CheckDocument) and isinstance(right, CheckDocument):
        kind, rows = "findings", comparison.findings(left, right)
    else:
        assert isinstance(left, RunDocument), "the store keeps no third kind"
        assert isinstance(right, RunDocument), "both are of one kind"
        kind, rows = "hypotheses", comparison.hypotheses(left, right)
    differing = comparison.differing(left, right)
    document = msgspec.structs.replace(
        ComparisonDocument(environment=differing), **{kind: tuple(rows)}
    )
    say(
        document,
        format_,
        lambda _: Console().print(_side_by_side(kind, ids, rows, differing)),
    )


@runs.command()
@click.argument("run", default="latest")
@options.output_format("json", "markdown", "html", "sarif", "junit")
@click.option(
    "--to", type=options.Location(path_type=Path, dir_okay=False), help="File; else stdout."
)
@options.data
def export(run: str, format_: str, to: Path | None, data: Path | None) -> None:
    """RUN as a document: everything observed and everything concluded."""
    with open_store(data_folder(data)) as store:
        document = _document(store, run)
    is_check = isinstance(document, CheckDocument)
    if format_ in (_ONLY_OF_RUNS if is_check else _ONLY_OF_CHECKS):
        raise click.UsageError(f"a {'check' if is_check else 'run'} cannot be had as {format_}")
    if isinstance(document, CheckDocument):
        text = findings.encoded(document, format_)
    else:
        text = outcome.encoded(document, format_)
    if to is None:
        sys.stdout.write(text)
    else:
        print(outcome.write(text, to))


def _document(store: Store, name: str) -> RunDocument | CheckDocument:
    """The run or the check of that name. Raises UnknownRun and NothingRecorded."""
    record = stored.find(store, name)
    reader = checks.document_of if record.kind == "check" else history.document_of
    return reader(store, record)


def _run_again(store: Store, record: RunRecord) -> tuple[str, str | None, bool]:
    """The verdict computed anew, the stored one, and whether all results agree."""
    recorded = assembly.sort(history.log_of(store, record.id))
    replayed = assembly.replay(recorded)
    kept = recorded.finished.result if recorded.finished else None
    stored_verdict = kept.verdict.value if kept else None
    return replayed.verdict.value, stored_verdict, kept is None or kept == replayed


def _check_again(store: Store, record: RunRecord) -> tuple[str, str | None, bool]:
    """The outcome of the evidence judged anew, the stored one, and whether the findings agree."""
    kept = checks.document_of(store, record)
    replayed = checks.judged(kept.evidence, kept.fail_on)
    return replayed.outcome, kept.outcome, checks.agree(replayed, kept)


def _side_by_side(
    kind: str,
    ids: Sequence[str],
    rows: Iterable[Mapping[str, str | None]],
    differing: Mapping[str, tuple[str, str]],
) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for column in (_HEADINGS[kind], *ids):
        table.add_column(column, overflow="fold")
    for row in rows:
        name = " ".join(filter(None, (row["id"], row.get("where"))))
        told = [name, *(row[side] or words.NOTHING for side in ("one", "other"))]
        table.add_row(*(escape(check_words.visible(cell)) for cell in told))
    for name, pair in differing.items():
        table.add_row(f"[dim]{escape(name)}[/dim]", *map(escape, pair))
    return table


def _tell_replay(told: ReplayDocument) -> None:
    if told.stored is None:
        print(f"{told.run} did not finish; from what it observed: {told.verdict}")
    else:
        word = "agrees" if told.agrees else "DISAGREES"
        print(f"{told.run}: replayed {told.verdict}, stored {told.stored}: {word}")


def _took(record: RunRecord) -> str:
    if record.finished_at is None:
        return words.duration((dt.datetime.now(dt.UTC) - record.started_at).total_seconds())
    return words.duration((record.finished_at - record.started_at).total_seconds())
