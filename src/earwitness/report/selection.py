"""What the pages pick out of a document: each gate once, the claimed chapter, safe links.

Pure functions from documents to values that templates and tables walk through. No markup and no
wording; those belong to the formats and to ``words``.
"""

from collections import Counter
from urllib.parse import urlsplit

from earwitness.experiment.design import Role, Source
from earwitness.experiment.events import ServerReady
from earwitness.experiment.verdict import GateResult, HypothesisResult
from earwitness.library.show import Chapter, Episode, Link
from earwitness.report import words
from earwitness.report.document import EpisodeDocument, RunDocument, ShowDocument

NO_EXPERIMENT = "no experiment yet"
NOT_RUN = "not run here yet"
PREDICTIONS = "your predictions"


def gates(run: RunDocument) -> list[GateResult]:
    """Every gate of the run once, failed ones first, otherwise in the order of the hypotheses."""
    seen: dict[tuple[str, str], GateResult] = {}
    for result in run.hypotheses:
        for gate in result.gates:
            seen.setdefault((result.experiment, gate.id), gate)
    return sorted(seen.values(), key=lambda gate: gate.passed)


def gates_by_experiment(run: RunDocument) -> list[tuple[str, list[GateResult]]]:
    """The same gates under the titles of their experiments, those with a failed one first.

    Experiments of a claim have gates in the same words, which cannot be told apart otherwise.
    """
    titles = {experiment.id: experiment.title for experiment in run.experiments}
    found: dict[str, dict[str, GateResult]] = {}
    for result in run.hypotheses:
        of = found.setdefault(titles.get(result.experiment, result.experiment), {})
        for gate in result.gates:
            of.setdefault(gate.id, gate)
    ordered = [
        (title, sorted(of.values(), key=lambda gate: gate.passed))
        for title, of in found.items()
        if of
    ]
    return sorted(ordered, key=lambda one: all(gate.passed for gate in one[1]))


def servers(run: RunDocument) -> list[tuple[ServerReady, int]]:
    """Every server with its settings once, and how many times it was started."""
    found: dict[tuple[str, str, tuple[tuple[str, str], ...]], ServerReady] = {}
    starts: Counter[tuple[str, str, tuple[tuple[str, str], ...]]] = Counter()
    for server in run.servers:
        key = (server.server, server.source, tuple(server.settings.items()))
        found.setdefault(key, server)
        starts[key] += 1
    return [(server, starts[key]) for key, server in found.items()]


def products(run: RunDocument) -> list[str]:
    """The servers of a run by name and version, each once."""
    return list(dict.fromkeys(server.server for server in run.servers))


def installs(run: RunDocument) -> list[str]:
    """The commands that would make missing experiments run, each once."""
    found = (experiment.install for experiment in run.experiments if experiment.install)
    return list(dict.fromkeys(found))


def other_results(run: RunDocument) -> list[HypothesisResult]:
    """The results but the headline's."""
    return [result for result in run.hypotheses if result.id != run.headline]


def statement(run: RunDocument, hypothesis: str) -> str:
    """What a hypothesis says; its id when this depth does not test it."""
    found = (
        words.as_sentence(result.statement) for result in run.hypotheses if result.id == hypothesis
    )
    return next(found, hypothesis)


def claimed_chapter(episode: Episode, source: Source | None) -> Chapter | None:
    """The chapter in which the claim is made, by its second, else by its name; None if unknown."""
    if source is None:
        return None
    if source.seconds is not None:
        before = [c for c in episode.chapters if c.start_seconds <= source.seconds]
        return before[-1] if before else None
    return next((c for c in episode.chapters if c.title == source.chapter), None)


def is_safe(link: Link) -> bool:
    """Whether a link may be offered for a click: the web, and nothing that runs or reads files."""
    try:
        parts = urlsplit(link.url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def state(entry: EpisodeDocument) -> str:
    """The words of an episode's badge."""
    if entry.run is not None:
        return words.state(entry.run)
    if entry.runnable is not None:
        return NOT_RUN
    return PREDICTIONS if entry.note else NO_EXPERIMENT


def first_runnable(show: ShowDocument) -> str | None:
    """A claim to begin with, while nothing of the show was run; None when something was."""
    if any(entry.run for entry in show.episodes):
        return None
    return next((entry.runnable for entry in show.episodes if entry.runnable), None)


def tally(show: ShowDocument) -> list[tuple[str, int]]:
    """How many episodes are in each state; the order in which they first appear on the page."""
    return list(Counter(state(entry) for entry in show.episodes).items())


def role_order(run: RunDocument) -> list[HypothesisResult]:
    """The results with those that decide the verdict first, otherwise in their own order."""
    return sorted(run.hypotheses, key=lambda r: (r.id != run.headline, r.role is not Role.CLAIM))
