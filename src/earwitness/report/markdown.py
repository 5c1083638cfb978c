"""The report as Markdown that can be pasted into an issue or a wiki: tables, no HTML.

Every text of a document passes ``plain``, so that nothing in it becomes markup. Charts become the
tables of their numbers. What is shown is picked by ``selection`` and said by ``words``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from earwitness.experiment.design import Chart, Curve, HeatMap, Topology, Waterfall
from earwitness.report import selection, series, words
from earwitness.report.charts.bars import steps
from earwitness.report.charts.heat_map import rows
from earwitness.report.charts.topology import places
from earwitness.report.document import EpisodeDocument, RunDocument, ShowDocument

_SPECIAL = re.compile(r"([\\`*_<>|~&$]|\](?=[(\[:])|(?<=!)\[|(?:^|(?<=\s))[#+=-](?=\s|$|#|-|=))")
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")


def render_show(document: ShowDocument) -> str:
    """The show's page: a table of all episodes, then each claim that was run."""
    parts = [
        f"# {plain(document.title)}",
        f"The verdicts speak for the server versions named with each of them and for this "
        f"machine: {plain(words.machine(document.environment))}. Made "
        f"{words.moment(document.generated_at)} by Earwitness {plain(document.version)}.",
    ]
    if document.surprise:
        parts.append(f"> {plain(document.surprise)}")
    first = selection.first_runnable(document)
    if first is not None:
        parts += ["Nothing has been run yet. Begin with one claim:", _command(f"run {first}")]
    parts.append(_table(("Episode", "Date", "Length", "Verdict"), map(_row, document.episodes)))
    parts += [_episode(entry) for entry in document.episodes]
    return _page(parts)


def render_run(document: RunDocument) -> str:
    """One claim alone."""
    return _page([f"# {plain(document.title)}", *_claim(document, "##")])


def plain(text: str) -> str:
    """The text as itself: in one line, with everything escaped that Markdown would take for its own."""
    line = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return _NUMBERED.sub(r"\1\\\2", line)


def _row(entry: EpisodeDocument) -> Sequence[str]:
    episode = entry.episode
    verdict = selection.state(entry)
    result = entry.run.headline_result if entry.run else None
    if result is not None and result.effect is not None:
        verdict = f"{verdict}: {words.measured(result)}"
    return (
        plain(episode.title),
        words.date(episode.date),
        words.duration(episode.duration_seconds),
        plain(verdict),
    )


def _episode(entry: EpisodeDocument) -> str:
    episode = entry.episode
    parts = [
        f"## {plain(episode.title)}",
        f"{words.date(episode.date)}, {words.duration(episode.duration_seconds)}. "
        f"{plain(episode.line)}",
    ]
    chapter = selection.claimed_chapter(episode, entry.run.source if entry.run else None)
    if chapter is not None:
        parts.append(
            f"The claim is made at {words.clock(chapter.start_seconds)}, {plain(chapter.title)}."
        )
    if entry.run is not None:
        parts += _claim(entry.run, "###")
    elif entry.runnable is not None:
        parts += [
            "The claim can be put to the test, and has not been:",
            _command(f"run {entry.runnable}"),
        ]
    else:
        parts.append(plain(entry.note or "There is no experiment for this episode yet."))
    return "\n\n".join(parts)


def _claim(run: RunDocument, mark: str) -> list[str]:
    """The sections of a claim, under headings that begin with ``mark``."""
    speaks = [*selection.products(run), words.machine(run.environment)]
    parts = [
        f"**{plain(words.headline(run))}**",
        f"On {plain(', '.join(speaks))}; depth {run.depth.value}, {words.moment(run.started_at)}.",
        *(f"What is missing is installed by:\n\n{_fence(i)}" for i in selection.installs(run)),
        _facts(run),
    ]
    if run.surprise:
        parts.append(f"> {plain(run.surprise)}")
    if run.hypotheses:
        parts += [f"{mark} Hypotheses", _hypotheses(run)]
    tables = list(filter(None, (_numbers(chart, run) for chart in run.charts)))
    if tables:
        parts += [f"{mark} What was measured", *tables]
    if selection.gates(run):
        parts += [f"{mark} Conditions for a verdict", _gates(run)]
    if run.predictions:
        parts += [f"{mark} Predicted beforehand", _predictions(run)]
    return [*parts, f"{mark} How to repeat it", _record(run)]


def _facts(run: RunDocument) -> str:
    result = run.headline_result
    measured = "not tested at this depth" if result is None else words.measured(result)
    if result is not None and result.effect is not None:
        measured += f" ({words.comparison(result, run)})"
    rows = (
        ("Said", run.said),
        ("Measured here", measured),
        ("Verdict", words.state(run)),
        ("True when", run.boundary.true_when),
        ("False when", run.boundary.false_when),
        ("Remedy", f"{run.remedy.text} {words.remedy_seen(run)}"),
    )
    return _table(("", ""), ((f"**{name}**", plain(text)) for name, text in rows))


def _hypotheses(run: RunDocument) -> str:
    heads = ("Role", "Hypothesis", "Verdict", "Effect", "Asked for", "Blocks", "Remarks")
    return _table(
        heads,
        (
            (
                result.role.value + (", headline" if result.id == run.headline else ""),
                plain(words.as_sentence(result.statement)),
                result.verdict.value,
                plain(f"{words.effect(result)} {words.effect_interval(result)}"),
                plain(words.threshold(result)),
                words.blocks(result),
                plain("; ".join(filter(None, (result.reason, words.dissents(result))))),
            )
            for result in selection.role_order(run)
        ),
    )


def _numbers(chart: Chart, run: RunDocument) -> str | None:
    """A chart as a table: median with least and greatest block, by arm; None without data."""
    if isinstance(chart, Topology):
        return _places(chart, run)
    if isinstance(chart, HeatMap):
        return _cells(chart, run)
    if isinstance(chart, Waterfall):
        return _chain(chart, run)
    experiment = series.experiment_of(run, chart.experiment)
    if experiment is None:
        return None
    names = chart.metrics if isinstance(chart, Curve) else (chart.metric,)
    arms = () if isinstance(chart, Curve) else chart.arms
    metrics = [series.metric_of(experiment, name) for name in names]
    cells: dict[str, dict[str, str]] = {}
    for metric in metrics:
        for one in series.summaries(run, experiment, metric.name, arms):
            said = words.number(one.median, metric.unit)
            if one.least < one.greatest:
                ends = (one.least, one.greatest)
                said += f" {words.interval(ends, metric.unit, like=one.median)}"
            cells.setdefault(one.arm.title, {})[metric.name] = said
    if not cells:
        return None
    rows = (
        (plain(arm), *(plain(by_metric.get(name, words.NOTHING)) for name in names))
        for arm, by_metric in cells.items()
    )
    table = _table(("Arm", *(plain(metric.title) for metric in metrics)), rows)
    note = "Median of the blocks, with the least and the greatest."
    return f"**{plain(chart.title)}.** {plain(chart.caption)} {note}\n\n{table}"


def _chain(chart: Waterfall, run: RunDocument) -> str | None:
    """A waterfall as a table: what each arm adds to the one before it; None without data."""
    chain = steps(chart, run)
    if not chain:
        return None
    rows = ((plain(one.title), plain(one.added), plain(one.total)) for one in chain)
    table = _table(("Arm", "Adds", "Together"), rows)
    return f"**{plain(chart.title)}.** {plain(chart.caption)} Medians of the blocks.\n\n{table}"


def _places(chart: Topology, run: RunDocument) -> str | None:
    """A map as a table: both numbers of every node that has them; None without data."""
    shown = places(chart, run)
    if not shown:
        return None
    rows = (
        (plain(place.node.title), words.number(place.before), words.number(place.after))
        for place in shown
        if place.before is not None and place.after is not None
    )
    table = _table(("", "Before", "After"), rows)
    return f"**{plain(chart.title)}.** {plain(chart.caption)} Median of the blocks.\n\n{table}"


def _cells(chart: HeatMap, run: RunDocument) -> str | None:
    """A heat map as a table; None without data."""
    shown = rows(chart, run)
    if not shown:
        return None
    heads = ("Arm", *(plain(title) for title in shown[0].columns))
    table = _table(heads, ((plain(row.arm.title), *map(plain, row.words)) for row in shown))
    return f"**{plain(chart.title)}.** {plain(chart.caption)} Median of the blocks.\n\n{table}"


def _gates(run: RunDocument) -> str:
    return "\n\n".join(
        f"{plain(title)}:\n\n" + "\n".join(f"- {plain(words.gate(gate))}" for gate in gates)
        for title, gates in selection.gates_by_experiment(run)
    )


def _predictions(run: RunDocument) -> str:
    return "\n".join(
        f"- {plain(guess.text)} for: {plain(selection.statement(run, guess.hypothesis))}: "
        f"{plain(words.prediction(guess))}"
        for guess in run.predictions
    )


def _record(run: RunDocument) -> str:
    rows = [
        (
            experiment.title,
            "; ".join((words.ending(experiment), *_recorded(experiment.environment))),
        )
        for experiment in run.experiments
    ]
    for server, starts in selection.servers(run):
        settings = ", ".join(f"{name}={value}" for name, value in server.settings.items())
        times = f", started {starts} times" if starts > 1 else ""
        said = f"from {server.source}{times}" + (f"; {settings}" if settings else "")
        rows.append((server.server, said))
    rows += [*run.environment.items(), ("seed", str(run.seed)), ("run", run.run_id)]
    table = _table(("Record", ""), ((plain(name), plain(value)) for name, value in rows))
    commands = _fence(f"{words.rerun_command(run)}\n{words.replay_command(run)}")
    return f"{table}\n\n{commands}"


def _recorded(environment: Mapping[str, str]) -> Iterable[str]:
    """What an experiment ran with, name and value together."""
    return (f"{name}: {value}" for name, value in environment.items())


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A pipe table; its cells are escaped already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _command(arguments: str) -> str:
    return _fence(f"earwitness {arguments}")


def _fence(text: str) -> str:
    """A code block whose fence is longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sh\n{text}\n{fence}"


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"
