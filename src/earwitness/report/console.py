"""What a terminal shows: the episodes with their verdicts, one run in detail, the live list.

Builds Rich renderables from documents and from ``words``; prints nothing itself, and says nothing
that the other formats do not say.
"""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from earwitness.experiment.design import Waterfall
from earwitness.experiment.verdict import HypothesisResult
from earwitness.report import selection, words
from earwitness.report.charts.bars import steps
from earwitness.report.document import EpisodeDocument, RunDocument, ShowDocument
from earwitness.report.unparted import NO_BREAK, unparted

WIDE = 120
"""Columns from which on the episodes stand in one table; below, each is a short list."""

_BADGE = 14
"""Columns of the longest verdict with its sign."""
_GAP = 2
_LEAST = 20
"""Columns of a line of text, however narrow the terminal is."""

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


def run_detail(run: RunDocument, width: int) -> RenderableType:
    """One run: every hypothesis with its numbers, what each cause adds, gates, remedy, environment."""
    parts: list[RenderableType] = [
        _lines(run.title, width, "bold"),
        Rule(style="dim"),
        _lines(words.headline(run), width, "bold"),
        *_speaks(run, width),
        Text(),
        _hypotheses(run, width),
        *_waterfalls(run, width),
    ]
    for title, gates in selection.gates_by_experiment(run):
        failed = [f"{title}: {words.gate(gate)}" for gate in gates if not gate.passed]
        parts += [_lines(said, width, "yellow") for said in failed]
    parts += [_facts(run)]
    return Group(*parts)


def _speaks(run: RunDocument, width: int) -> Iterator[RenderableType]:
    """What the verdict is of: the headline's statement, both its numbers, versions and machine."""
    result = run.headline_result
    if result is not None:
        yield _lines(words.as_sentence(result.statement), width)
    if result is not None and result.effect is not None:
        yield _lines(words.as_sentence(words.comparison(result, run)), width)
    on = ", ".join((*selection.products(run), words.machine(run.environment)))
    yield _lines(f"On {on}; depth {run.depth.value}.", width, "dim")


def _hypotheses(run: RunDocument, width: int) -> RenderableType:
    """A verdict and its sentence, one below the other; what an interrupted run left out is counted."""
    grid = Table.grid(padding=(0, _GAP))
    grid.add_column(no_wrap=True, width=_BADGE)
    grid.add_column(ratio=1)
    room = width - _BADGE - _GAP
    unseen = 0
    for result in run.hypotheses:
        if run.status != "finished" and result.effect is None:
            unseen += 1
            continue
        grid.add_row(badge(result.verdict.value), _hypothesis(result, room))
    if unseen:
        said = f"{words.count(unseen, 'hypothesis', 'hypotheses')} not measured"
        grid.add_row(Text("–", style="dim"), Text(f"{said}\n", style="dim"))
    return grid


def _hypothesis(result: HypothesisResult, room: int) -> Text:
    told = [_lines(words.as_sentence(result.statement), room)]
    told.append(_lines(words.outcome(result), room, "bold"))
    if result.dissents:
        told.append(_lines(f"dissent: {words.dissents(result)}", room, "red"))
    if result.reason:
        told.append(_lines(result.reason, room, "dim"))
    told.append(_lines(f"{result.role.value}, {result.id}", room, "dim"))
    return Text("\n").join(told).append("\n")


def _waterfalls(run: RunDocument, width: int) -> Iterator[RenderableType]:
    """What each step of a chain adds, in its unit."""
    for chart in run.charts:
        chain = steps(chart, run) if isinstance(chart, Waterfall) else []
        if not chain:
            continue
        grid = Table.grid(padding=(0, _GAP), expand=width < WIDE)
        grid.add_column(overflow="fold")
        grid.add_column(no_wrap=True, justify="right")
        grid.add_column(no_wrap=True, justify="right")
        for one in chain:
            grid.add_row(one.title, one.added, one.total)
        yield _lines(f"{chart.title}. {chart.caption}", width, "bold")
        yield Padding(grid, (0, 0, 1, 2))


def _lines(text: str, width: int, style: str = "") -> Text:
    """The text in lines that part no number from its unit, which a terminal would."""
    lines = textwrap.wrap(unparted(text), max(width, _LEAST), break_on_hyphens=False)
    return Text("\n".join(lines).replace(NO_BREAK, " "), style=style)


def _facts(run: RunDocument) -> Table:
    grid = Table.grid(padding=(0, _GAP))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    grid.add_row("true when", run.boundary.true_when)
    grid.add_row("false when", run.boundary.false_when)
    grid.add_row("remedy", f"{run.remedy.text} {words.remedy_seen(run)}")
    for guess in run.predictions:
        grid.add_row("predicted", f"{guess.hypothesis}: {guess.text}; {words.prediction(guess)}")
    for experiment in run.experiments:
        grid.add_row("experiment", f"{experiment.title}: {words.ending(experiment)}")
        if experiment.install:
            grid.add_row("", f"to install it: {experiment.install}")
    for server in dict.fromkeys((s.server, s.source) for s in run.servers):
        grid.add_row("server", f"{server[0]} from {server[1]}")
    grid.add_row("machine", words.machine(run.environment))
    grid.add_row("run", f"{run.run_id}, depth {run.depth}, seed {run.seed}")
    return grid
