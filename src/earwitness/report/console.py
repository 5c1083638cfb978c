"""What a terminal shows: the episodes with their verdicts, one run in detail, the live list.

Builds Rich renderables from documents and from ``words``; prints nothing itself, and says nothing
that the other formats do not say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from earwitness.experiment.verdict import GateResult, HypothesisResult
from earwitness.report import selection, words
from earwitness.report.document import EpisodeDocument, RunDocument, ShowDocument

WIDE = 120
"""Columns from which on the episodes stand in one table; below, each is a short list."""

_STYLES: Mapping[str, str] = {
    "supported": "bold green",
    "refuted": "bold red",
    "mixed": "bold yellow",
    "inconclusive": "yellow",
    "unavailable": "dim",
    "failed": "bold red",
    "interrupted": "yellow",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One episode in the live list. ``state`` is a verdict or a word for what happens now."""

    title: str
    state: str
    told: str = ""


def live(lines: Sequence[Line], status: str) -> RenderableType:
    """The list that turns into verdicts while the claims run, and one line of what happens now."""
    table = Table(box=None, padding=(0, 1), show_header=False, expand=True)
    table.add_column(justify="right", style="dim")
    table.add_column(ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column(no_wrap=True)
    table.add_column(ratio=3, no_wrap=True, overflow="ellipsis")
    for number, line in enumerate(lines, 1):
        table.add_row(str(number), line.title, badge(line.state), line.told)
    return Group(table, Text(f" {status}", style="dim", overflow="ellipsis", no_wrap=True))


def badge(state: str) -> Text:
    """A verdict or a state, with a sign so that its meaning does not hang on colour."""
    if state not in _STYLES:
        return Text(state, style="dim")
    return Text(f"{words.symbol(state)} {state}", style=_STYLES[state])


def show(document: ShowDocument, width: int) -> RenderableType:
    """The show's page: every episode with what was said, what was measured, and when it is true."""
    heading = Text(document.title, style="bold")
    if document.host not in document.title:
        heading.append(f"\nwith {document.host}", style="not bold")
    rows = _table(document.episodes) if width >= WIDE else _stack(document.episodes)
    return Group(heading, Text(), rows)


def _table(episodes: Iterable[EpisodeDocument]) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), show_lines=True, expand=True)
    table.add_column("Episode", ratio=4)
    table.add_column("Said", ratio=4)
    table.add_column("Measured here", ratio=5)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("True when / false when", ratio=7)
    for entry in episodes:
        facts = Text(f"{words.date(entry.episode.date)} · {_minutes(entry)}", style="dim")
        title = Group(Text(entry.episode.title, style="bold"), facts)
        if entry.run is None:
            table.add_row(title, entry.episode.line, _instead(entry), "", "")
            continue
        run = entry.run
        table.add_row(title, run.said, measured(run), badge(words.state(run)), _boundary(run))
    return table


def _stack(episodes: Iterable[EpisodeDocument]) -> RenderableType:
    parts: list[RenderableType] = []
    for entry in episodes:
        parts.append(Text(entry.episode.title, style="bold"))
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True, min_width=10)
        grid.add_column(ratio=1)
        grid.add_row("", Text(f"{words.date(entry.episode.date)} · {_minutes(entry)}", style="dim"))
        if entry.run is None:
            grid.add_row("said", entry.episode.line)
            grid.add_row("", _instead(entry))
        else:
            grid.add_row("said", entry.run.said)
            grid.add_row("measured", measured(entry.run))
            grid.add_row("verdict", badge(words.state(entry.run)))
            grid.add_row("true when", entry.run.boundary.true_when)
            grid.add_row("false when", entry.run.boundary.false_when)
        parts.append(Padding(grid, (0, 0, 1, 2)))
    return Group(*parts)


def _instead(entry: EpisodeDocument) -> Text:
    """What stands in place of a verdict."""
    return Text(entry.note or selection.state(entry), style="dim")


def _minutes(entry: EpisodeDocument) -> str:
    return words.duration(entry.episode.duration_seconds)


def _boundary(run: RunDocument) -> Text:
    return Text.assemble(
        ("true when ", "bold"),
        run.boundary.true_when,
        ("\nfalse when ", "bold"),
        run.boundary.false_when,
    )


def measured(run: RunDocument) -> Text:
    """The headline's statement with its number, else why there is none."""
    result = run.headline_result
    if result is None or result.effect is None:
        return Text(words.headline(run))
    return Text.assemble((words.measured(result), "bold"), f" · {words.comparison(result, run)}")


def run_detail(run: RunDocument) -> RenderableType:
    """One run: every hypothesis with its numbers, gates, predictions, remedy and environment."""
    parts: list[RenderableType] = [
        Rule(Text(run.title, style="bold"), align="left", style="dim"),
        Text(words.headline(run), style="bold"),
        Text(),
        _hypotheses(run.hypotheses),
    ]
    parts += [Text(f"{words.gate(gate)}", style="yellow") for gate in _failed_gates(run)]
    parts += [_facts(run)]
    return Group(*parts)


def _hypotheses(results: Iterable[HypothesisResult]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), expand=True)
    table.add_column("Hypothesis", ratio=5)
    table.add_column("Role", no_wrap=True)
    table.add_column("Measured", ratio=3)
    table.add_column("Asked for", ratio=2)
    table.add_column("Verdict", no_wrap=True)
    for result in results:
        told = Text(words.measured(result))
        if result.dissents:
            told.append(f"\ndissent: {words.dissents(result)}", style="red")
        if result.reason:
            told.append(f"\n{result.reason}", style="dim")
        table.add_row(
            Text.assemble(words.as_sentence(result.statement), (f"\n{result.id}", "dim")),
            result.role.value,
            told,
            words.threshold(result),
            badge(result.verdict.value),
        )
    return table


def _failed_gates(run: RunDocument) -> list[GateResult]:
    gates = {gate.id: gate for result in run.hypotheses for gate in result.gates}
    return [gate for gate in gates.values() if not gate.passed]


def _facts(run: RunDocument) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_row("true when", run.boundary.true_when)
    grid.add_row("false when", run.boundary.false_when)
    grid.add_row("remedy", f"{run.remedy.text} {words.remedy_seen(run)}")
    for guess in run.predictions:
        grid.add_row("predicted", f"{guess.hypothesis}: {guess.text}; {words.prediction(guess)}")
    for experiment in run.experiments:
        grid.add_row("experiment", f"{experiment.title}: {words.ending(experiment)}")
        if experiment.install:
            grid.add_row("", f"to install it: {experiment.install}")
    for server in {(s.server, s.source) for s in run.servers}:
        grid.add_row("server", f"{server[0]} from {server[1]}")
    grid.add_row("machine", words.machine(run.environment))
    grid.add_row("run", f"{run.run_id}, depth {run.depth}, seed {run.seed}")
    return grid
