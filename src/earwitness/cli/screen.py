"""What is seen while claims run: a live list on a terminal, lines on standard error elsewhere.

Turns events into a few words each. Asks for predictions where somebody is there to answer.
"""

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape

from earwitness.experiment import events, prediction
from earwitness.experiment.design import Claim
from earwitness.experiment.prediction import Prediction
from earwitness.report import console, progress, selection, words
from earwitness.report.console import Line
from earwitness.report.document import EpisodeDocument, ShowDocument

_REFRESH_HZ = 8


class Screen(Protocol):
    """Where progress goes; a context manager around all claims of one invocation."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        ...

    def ask(self, claim: Claim) -> Sequence[Prediction]:
        """The predictions that somebody makes now, before the claim runs."""
        ...

    def show(self, claim: str, event: events.Event) -> None:
        """Take notice of an event, which is stored already."""
        ...


def screen_for(page: ShowDocument, claims: Sequence[Claim], *, live: bool, asks: bool) -> Screen:
    """A live list when standard output is a terminal that is to show it, else plain lines."""
    if live and sys.stdout.isatty():
        return LiveList(page, claims, asks=asks and sys.stdin.isatty())
    return ProgressLines()


class ProgressLines:
    """One line on standard error for everything worth knowing."""

    def __enter__(self) -> Self:
        """Nothing to prepare."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to restore."""

    def ask(self, claim: Claim) -> Sequence[Prediction]:
        """Nobody is there to answer."""
        del claim
        return ()

    def show(self, claim: str, event: events.Event) -> None:
        """Print the event in a few words, when it is not a single trial or look."""
        if not isinstance(event, events.TrialFinished | events.Look | events.BenchOpened):
            print(f"{claim}: {progress.in_words(event)}", file=sys.stderr, flush=True)


class LiveList:
    """The episodes of the page, turning into verdicts, with one line of what happens now."""

    def __init__(self, page: ShowDocument, claims: Sequence[Claim], *, asks: bool) -> None:
        self._asks = asks
        self._console = Console()
        self._lines = _first_lines(page, claims)
        self._status = "starting"
        self._live = self._new_live()

    def __enter__(self) -> Self:
        """Show the episodes at once."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the list away; what follows is the table."""
        self._live.stop()

    def ask(self, claim: Claim) -> Sequence[Prediction]:
        """Ask below the list for the effect of the claim's headline."""
        if not self._asks:
            return ()
        self._live.stop()
        with self._console.screen(hide_cursor=False):
            self._console.print(self._render())
            predictions = _ask(self._console, claim)
        self._live = self._new_live()
        self._live.start()
        return predictions

    def show(self, claim: str, event: events.Event) -> None:
        """Update the claim's line and the status."""
        self._status = f"{claim}: {progress.in_words(event)}"
        self._lines[claim] = _line_after(self._lines[claim], event)
        self._live.update(self._render())

    def _new_live(self) -> Live:
        return Live(
            self._render(),
            console=self._console,
            refresh_per_second=_REFRESH_HZ,
            transient=True,
        )

    def _render(self) -> RenderableType:
        return console.live(list(self._lines.values()), self._status)


def _first_lines(page: ShowDocument, claims: Sequence[Claim]) -> dict[str, Line]:
    """One line for each episode, then for each claim that belongs to none; keyed by claim."""
    chosen = {claim.id for claim in claims}
    lines = {_key(entry): _waiting_line(entry, chosen) for entry in page.episodes}
    for claim in claims:
        lines.setdefault(claim.id, Line(title=claim.title, state="waiting"))
    return lines


def _key(entry: EpisodeDocument) -> str:
    return next(iter(entry.episode.claims), entry.episode.id)


def _waiting_line(entry: EpisodeDocument, chosen: set[str]) -> Line:
    title = entry.episode.title
    if chosen.intersection(entry.episode.claims):
        return Line(title=title, state="waiting")
    told = console.measured(entry.run).plain if entry.run else entry.note or ""
    return Line(title=title, state=selection.state(entry), told=told)


def _line_after(line: Line, event: events.Event) -> Line:
    match event:
        case events.Look():
            told = [words.measured(r) for r in event.hypotheses if r.effect is not None]
            return Line(title=line.title, state="running", told=told[0] if told else line.told)
        case events.Finished():
            headline = event.result.hypothesis(event.result.headline)
            told_at_end = words.measured(headline) if headline else ""
            return Line(title=line.title, state=event.result.verdict.value, told=told_at_end)
        case events.Failed():
            return Line(title=line.title, state="failed", told=event.message)
        case _:
            return Line(title=line.title, state="running", told=line.told)


def _ask(terminal: Console, claim: Claim) -> Sequence[Prediction]:
    """Ask for the effect of the headline until it is understood; Enter or end of input skips."""
    terminal.print(f"\n[bold]{escape(claim.title)}[/bold]\n{escape(claim.said)}")
    terminal.print(f"\n{escape(claim.hypothesis(claim.headline).question)}")
    while True:
        try:
            answer = terminal.input(f"Your prediction ({prediction.EXAMPLES}; Enter skips): ")
        except EOFError:
            return ()
        if not answer.strip():
            return ()
        try:
            return [prediction.parse(answer, claim)]
        except prediction.Unclear as problem:
            terminal.print(f"  {escape(str(problem))}")
