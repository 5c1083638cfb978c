"""``earwitness eval``: measure search and answers on labelled questions."""

import sys
import tempfile
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from earwitness.cli import options, scope
from earwitness.library.evaluation import datasets, running
from earwitness.library.evaluation.datasets import Meeting, NoDataset, Question
from earwitness.library.evaluation.running import Asked
from earwitness.library.search.embedding import making, vectors
from earwitness.report import evaluation, json
from earwitness.report.evaluation import Estimate, EvaluationDocument, NothingAsked
from earwitness.store.connection import data_folder, open_store


@click.group(name="eval")
@options.data_of_all
def evaluate() -> None:
    """Measure Earwitness on labelled data of your own."""


@evaluate.command()
@click.argument("data_file", metavar="DATA", type=options.Location(path_type=Path, dir_okay=False))
@click.option("--words-only", is_flag=True, help="Without the embedding model, if there is one.")
@click.option("--embed", is_flag=True, help="Make the vectors of recordings in DATA first.")
@options.output_format("text", "json")
@options.data
def search(
    *, data_file: Path, words_only: bool, embed: bool, format_: str, data: Path | None
) -> None:
    """Say how well search answers the questions in DATA.

    DATA has one in each line as JSON: meetings with questions as QMSum has them, or questions on
    your own library.
    """
    try:
        labelled = datasets.read(data_file.read_bytes())
        asked, meaning = _asked(labelled, data, words_only=words_only, embed=embed)
        document = evaluation.document(data_file.name, asked, meaning=meaning)
    except OSError as problem:
        raise click.BadParameter(f"{data_file}: {problem.strerror}", param_hint="DATA") from problem
    except (NoDataset, NothingAsked) as problem:
        raise click.BadParameter(str(problem), param_hint="DATA") from problem
    if format_ == "json":
        sys.stdout.buffer.write(json.encode(document))
    else:
        _tell(document)


def _asked(
    labelled: list[Meeting] | list[Question], data: Path | None, *, words_only: bool, embed: bool
) -> tuple[list[Asked], bool]:
    """What came of each question, and whether vectors took part."""
    meetings = [one for one in labelled if isinstance(one, Meeting)]
    questions = [one for one in labelled if isinstance(one, Question)]
    if questions:
        with open_store(data_folder(data)) as store:
            scope.prepare(store)
            meaning = not words_only and vectors.counts(store)[0] > 0
            return list(running.ask_library(store, questions, meaning=meaning)), meaning
    with (
        tempfile.TemporaryDirectory(prefix="earwitness-eval-") as folder,
        open_store(Path(folder)) as store,
    ):
        running.shelve(store, meetings)
        meaning = embed and not words_only
        if meaning:
            making.embed(store, _embedding)
        return list(running.ask_meetings(store, meetings, meaning=meaning)), meaning


def _embedding(done: int, all_: int) -> None:
    if sys.stderr.isatty():
        print(f"\rembedded {done} of {all_} passages", end="", file=sys.stderr, flush=True)


def _tell(document: EvaluationDocument) -> None:
    terminal = Console(highlight=False)
    terminal.print(
        f"{document.data}: {document.questions} questions on {document.recordings} recordings, "
        f"{'words and meaning' if document.meaning else 'words alone'}"
    )
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("", "Ours", "Plain BM25", "Difference"):
        table.add_column(column)
    for one in document.figures:
        table.add_row(one.name, *map(_told, (one.ours, one.plain, one.difference)))
    terminal.print(table)
    if document.citation_precision is not None:
        terminal.print(f"Citations that answer: {_told(document.citation_precision)}")
    terminal.print(f"Answerable questions that got an answer: {document.answered:.0%}")
    if document.auroc is not None and document.refused is not None:
        terminal.print(f"Unanswerable ones that got none: {document.refused:.0%}")
        terminal.print(f"AUROC of confidence: {_told(document.auroc)}")
    risks = ", ".join(f"{one.risk:.0%} at {one.coverage:.0%}" for one in document.risks)
    terminal.print(f"Wrong first results, by share answered: {risks}")


def _told(one: Estimate) -> str:
    return f"{one.mean:.3f} [{one.low:.3f}, {one.high:.3f}]"
