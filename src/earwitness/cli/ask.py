"""``earwitness ask``: what was said and what was measured here, with citations."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from earwitness.cli import options, scope
from earwitness.cli.search import place
from earwitness.library.asking import answer as answering
from earwitness.library.asking import model
from earwitness.library.asking.conversation import Conversation
from earwitness.library.asking.model import Endpoint, ModelFailed
from earwitness.report import answers, json, words
from earwitness.report.found_document import (
    AnswerDocument,
    CitationDocument,
    SentenceDocument,
)
from earwitness.store.connection import data_folder, open_store


@click.command()
@click.argument("question", required=False, nargs=-1)
@scope.show
@scope.episode
@click.option("--chat", is_flag=True, help="Go on asking; a line of input is a question.")
@options.output_format("text", "json")
@options.data
def ask(
    *,
    question: tuple[str, ...],
    show: str | None,
    episode: str | None,
    chat: bool,
    format_: str,
    data: Path | None,
) -> None:
    """Answer QUESTION with passages that say where they stand, and with what was measured here.

    With a language model configured (EARWITNESS_MODEL_ENDPOINT), it words the answer, and each of
    its sentences is held against the passage that it cites.
    """
    if not question and not chat:
        raise click.UsageError("ask something, or begin a talk with --chat")
    endpoint = _endpoint()
    with open_store(data_folder(data)) as store:
        scope.prepare(store)
        where = scope.named(store, show, episode)
        said = Conversation()
        first = " ".join(question)
        for asked in _questions(first, chat=chat):
            document = answers.answer(
                store,
                asked,
                where,
                talk=said,
                endpoint=endpoint,
                listener=_say if format_ == "text" else _silent,
            )
            _tell(document, format_)
            said = said.then(asked)


def _questions(first: str, *, chat: bool) -> Iterator[str]:
    """The question of the command line, and in a talk every line of input until its end."""
    if first:
        yield first
    if not chat:
        return
    prompting = sys.stdin.isatty()
    while True:
        if prompting:
            print("? ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            return
        if line.strip():
            yield line.strip()


def _endpoint() -> Endpoint | None:
    try:
        return model.configured()
    except ModelFailed as problem:
        raise click.UsageError(str(problem)) from problem


def _say(sentence: SentenceDocument) -> None:
    print(words.plain(answers.told(sentence)), flush=True)


def _silent(_sentence: SentenceDocument) -> None:
    pass


def _tell(document: AnswerDocument, format_: str) -> None:
    if format_ == "json":
        sys.stdout.buffer.write(json.encode(document))
        sys.stdout.buffer.flush()
        return
    terminal = Console(highlight=False)
    if document.note:
        terminal.print(Text(words.plain(document.note), "yellow"))
    if document.abstained:
        terminal.print(Text(words.plain(document.answer)))
        _tell_citations(terminal, document, "\nThe nearest passages:\n")
        return
    _tell_citations(terminal, document, "Passages that may answer:\n")
    for one in document.measured:
        terminal.print(Text(words.plain(f"{one.title}: {one.text}")))
    terminal.print()


def _tell_citations(terminal: Console, document: AnswerDocument, heading: str) -> None:
    """The passages that the answer cites; where it cites none, those that it had."""
    quoted = document.model is None
    told = [one for one in document.citations if one.used] or document.citations
    if told and quoted:
        terminal.print(Text(heading, "bold"))
    for citation in told:
        terminal.print(_cited(citation, quoted=quoted))


def _cited(citation: CitationDocument, *, quoted: bool) -> Text:
    told = Text(f"[{citation.number}] ", "bold")
    told.append(place(citation.episode, citation.start_seconds, citation.chapter), "dim")
    if citation.speaker:
        told.append(words.plain(f" {citation.speaker}"), "dim")
    if not quoted:
        return told
    standing = answering.standing(citation.kind, citation.verdict)
    return told.append(words.plain(f"\n    {citation.quote}{standing}"))
