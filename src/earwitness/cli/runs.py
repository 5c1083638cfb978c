"""``earwitness runs``: past runs, and the same observations judged again."""

import dataclasses
import datetime as dt
import json
import sys
import webbrowser
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from earwitness.cli import history, options, outcome
from earwitness.report import assembly, console, html, words
from earwitness.report.document import RunDocument
from earwitness.store import runs as stored
from earwitness.store.connection import data_folder, open_store
from earwitness.store.runs import RunRecord

DISAGREES = 1


@click.group()
def runs() -> None:
    """Past runs: list, open, replay, compare, export."""


@runs.command(name="list")
@click.option("--claim", help="Only runs of this claim.")
@click.option("--most", type=click.IntRange(1), default=20, show_default=True)
@options.output_format("text", "json")
@options.data
def list_(claim: str | None, most: int, format_: str, data: Path | None) -> None:
    """The newest runs with their verdicts."""
    with open_store(data_folder(data)) as store:
        records = stored.every(store, claim=claim, most=most)
    if format_ == "json":
        print(json.dumps([_row(record) for record in records], indent=2))
        return
    if not records:
        print("No runs yet. Start with: earwitness run")
        return
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Run", overflow="fold")
    for column in ("Depth", "When (UTC)", "State", "Took"):
        table.add_column(column, no_wrap=True)
    for record in records:
        state = record.verdict if record.status == "finished" else record.status
        when = f"{record.started_at:%Y-%m-%d %H:%M}"
        table.add_row(record.id, record.depth, when, console.badge(state or ""), _took(record))
    Console().print(table)


@runs.command(name="open")
@click.argument("run", default="latest")
@click.option("--html", "as_page", is_flag=True, help="Write the report and open it in a browser.")
@options.data
def open_(run: str, as_page: bool, data: Path | None) -> None:
    """Show RUN (an id, its beginning, or latest) in detail."""
    folder = data_folder(data)
    with open_store(folder) as store:
        document = history.document_of(store, stored.find(store, run))
    if not as_page:
        Console().print(console.run_detail(document))
        return
    path = outcome.write(html.render_run(document), outcome.run_report(folder, document))
    print(path)
    webbrowser.open(path.as_uri())


@runs.command()
@click.argument("run", default="latest")
@options.output_format("text", "json")
@options.data
def replay(run: str, format_: str, data: Path | None) -> None:
    """Judge the stored observations of RUN again, and say whether the verdicts agree."""
    with open_store(data_folder(data)) as store:
        record = stored.find(store, run)
        recorded = assembly.sort(history.log_of(store, record.id))
    replayed = assembly.replay(recorded)
    kept = recorded.finished.result if recorded.finished else None
    agrees = kept is None or kept == replayed
    if format_ == "json":
        document = {"run": record.id, "verdict": replayed.verdict, "agrees": agrees}
        print(json.dumps(document | {"stored": kept and kept.verdict}, indent=2))
    elif kept is None:
        print(f"{record.id} did not finish; from what it observed: {replayed.verdict}")
    else:
        word = "agrees" if agrees else "DISAGREES"
        print(f"{record.id}: replayed {replayed.verdict}, stored {kept.verdict}: {word}")
    sys.exit(0 if agrees else DISAGREES)


@runs.command()
@click.argument("one")
@click.argument("other")
@options.output_format("text", "json")
@options.data
def compare(one: str, other: str, format_: str, data: Path | None) -> None:
    """Two runs side by side, hypothesis by hypothesis, and what differs around them."""
    with open_store(data_folder(data)) as store:
        left, right = (
            history.document_of(store, stored.find(store, name)) for name in (one, other)
        )
    rows = list(_compared(left, right))
    if format_ == "json":
        differing = {name: list(pair) for name, pair in _differing(left, right).items()}
        print(json.dumps({"hypotheses": rows, "environment": differing}, indent=2))
        return
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("Hypothesis", left.run_id, right.run_id):
        table.add_column(column)
    for row in rows:
        table.add_row(row["id"], row["one"], row["other"])
    for name, (ours, theirs) in _differing(left, right).items():
        table.add_row(f"[dim]{name}[/dim]", ours, theirs)
    Console().print(table)


@runs.command()
@click.argument("run", default="latest")
@options.output_format("json", "markdown", "html")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), help="File; else stdout.")
@options.data
def export(run: str, format_: str, to: Path | None, data: Path | None) -> None:
    """RUN as a document: everything observed and everything concluded."""
    with open_store(data_folder(data)) as store:
        document = history.document_of(store, stored.find(store, run))
    text = outcome.encoded(document, format_)
    if to is None:
        sys.stdout.write(text)
    else:
        print(outcome.write(text, to))


def _row(record: RunRecord) -> dict[str, object]:
    row = dataclasses.asdict(record)
    for moment in ("started_at", "finished_at"):
        row[moment] = row[moment] and row[moment].isoformat()
    return row


def _took(record: RunRecord) -> str:
    if record.finished_at is None:
        return words.duration((dt.datetime.now(dt.UTC) - record.started_at).total_seconds())
    return words.duration((record.finished_at - record.started_at).total_seconds())


def _compared(left: RunDocument, right: RunDocument) -> list[dict[str, str]]:
    both = ({h.id: h for h in document.hypotheses} for document in (left, right))
    ours, theirs = both
    told = []
    for id in dict.fromkeys([*ours, *theirs]):
        sides = [
            f"{h.verdict.value}, {words.measured(h)}" if h else words.NOTHING
            for h in (ours.get(id), theirs.get(id))
        ]
        told.append({"id": id, "one": sides[0], "other": sides[1]})
    return told


def _differing(left: RunDocument, right: RunDocument) -> dict[str, tuple[str, str]]:
    """Where the surroundings of two runs differ: machine, servers, depth, seed."""
    ours, theirs = (_surroundings(document) for document in (left, right))
    names = dict.fromkeys([*ours, *theirs])
    pairs = {
        name: (ours.get(name, words.NOTHING), theirs.get(name, words.NOTHING)) for name in names
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _surroundings(document: RunDocument) -> dict[str, str]:
    servers = ", ".join(sorted({server.server for server in document.servers}))
    return {
        **document.environment,
        "servers": servers,
        "claim": document.claim,
        "depth": document.depth.value,
        "seed": str(document.seed),
    }
