"""What claims say and what was measured here, as passages that are found beside what was said.

Reads claims, stored runs and stored checks, and hands documents to the index. ``refresh`` is what a
verb calls before it searches: it brings the whole index up to date, the library's part first. The
newest finished run of each claim stands for it; a check stands with each of its findings.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points

import msgspec
import sqlalchemy as sa

import earwitness
from earwitness.claims import registry
from earwitness.experiment import events
from earwitness.experiment.design import Claim, Source
from earwitness.library.search import index
from earwitness.library.search.passages import Document, Facts, Kind, Passage
from earwitness.report import assembly, words
from earwitness.report.check_document import CheckDocument
from earwitness.report.document import RunDocument
from earwitness.store import events as stored_events
from earwitness.store import predictions, runs
from earwitness.store.connection import Store
from earwitness.store.runs import RunRecord

EXPERIMENT, CHECK = "experiment", "check"
"""Kinds of stored runs."""
_CLAIMS_STATE = "claims"
_WORDING = "2"
"""Of the passages below: another one has them written anew."""
_OUTCOMES: Mapping[str, str] = {
    "mixed": "Supported in part here",
    "inconclusive": "Not decided here",
    "unavailable": "Not measured here",
}
"""How a verdict begins a passage, where it is not its own word."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What this machine has to say of a claim. ``run`` None: nothing was measured yet."""

    claim: str
    title: str
    run: str | None
    verdict: str | None
    text: str
    """One sentence: the result with its interval, or the command that would give one."""


def refresh(store: Store, progress: Callable[[int, int], None] = lambda _done, _all: None) -> None:
    """Bring the index up to date with the library, the claims and the runs; cheap when it is."""
    index.refresh(store, progress)
    claims_changed = index.state(store, _CLAIMS_STATE) != _stamp()
    noted = index.stale(store, "run")
    if not claims_changed and not noted:
        return
    if claims_changed:
        _index_claims(store)
    _index_runs(store, noted)


def of_claim(store: Store, claim: str) -> Measured | None:
    """The newest result of a claim on this machine; None when no such claim is installed."""
    try:
        installed = registry.find(claim).claim
    except (registry.UnknownClaim, registry.BrokenClaim):
        return None
    said, newest = _said(installed.source), _newest(store, claim)
    if newest is None:
        text = f"{said}not measured here yet: earwitness run {claim}"
        return Measured(claim=claim, title=installed.title, run=None, verdict=None, text=text)
    verdict = words.state(newest)
    return Measured(
        claim=claim,
        title=installed.title,
        run=newest.run_id,
        verdict=verdict,
        text=f"{said}measured here: {verdict}{_effect(newest)}",
    )


def _said(source: Source) -> str:
    """Where it was said, with a semicolon; empty where no more than the episode is known."""
    if source.seconds is not None:
        return f"said at {words.clock(source.seconds)}; "
    return f"said in the chapter {source.chapter!r}; " if source.chapter else ""


def _newest(store: Store, claim: str) -> RunDocument | None:
    """The newest finished run of that claim that recorded anything."""
    for record in runs.every(store, claim=claim):
        if record.kind == EXPERIMENT and record.status == "finished":
            try:
                return _document(store, record)
            except assembly.NothingRecorded:
                continue
    return None


def _document(store: Store, record: RunRecord) -> RunDocument:
    log = (events.decode(body) for _, body in stored_events.read(store, record.id))
    return assembly.run_document(record, log, predictions.every(store, run=record.id))


def _effect(run: RunDocument) -> str:
    """Effect and interval of the headline, after a comma; empty without one."""
    result = run.headline_result
    if result is None or result.effect is None:
        return ""
    return f", {words.measured(result)}"


def _index_claims(store: Store) -> None:
    claims, _ = registry.loadable()
    gone = _subjects(store, Kind.CLAIM) - set(claims)
    with index.writing(store) as connection:
        for id in gone:
            index.put(connection, id, (Kind.CLAIM,), ())
        for id, claim in claims.items():
            place = _place(connection, claim.source)
            index.put(connection, id, (Kind.CLAIM,), (_of_claim(claim, place),))
        index.set_state(connection, _CLAIMS_STATE, _stamp())


def _index_runs(store: Store, noted: Sequence[str]) -> None:
    """The newest run of each claim, and every check; then the notes on them are settled."""
    records = runs.every(store)
    known = _subjects(store, Kind.RUN) | {record.claim for record in records}
    newest = [(claim, _newest(store, claim)) for claim in sorted(known)]
    checks = {record.id: _check(store, record) for record in records if record.kind == CHECK}
    checks |= dict.fromkeys(_subjects(store, Kind.CHECK) - set(checks))
    with index.writing(store) as connection:
        for claim, run in newest:
            told = [] if run is None else [_of_run(run, _place(connection, run.source))]
            index.put(connection, claim, (Kind.RUN,), told)
        for id, check in checks.items():
            index.put(
                connection, id, (Kind.CHECK,), [] if check is None else [_of_check(id, check)]
            )
        for run_id in noted:
            index.settle(connection, "run", run_id)


def _subjects(store: Store, kind: Kind) -> set[str]:
    """What there are documents of that kind on."""
    with store.reading() as connection:
        found = connection.exec_driver_sql(
            "select subject from documents where kind = ?", (kind.value,)
        )
        return {str(subject) for subject in found.scalars()}


@dataclass(frozen=True)
class _Place:
    """Where in the library a claim was made: an episode that is there, and a second."""

    episode: str | None
    chapter: str | None
    seconds: float | None


def _place(connection: sa.Connection, source: Source) -> _Place:
    id = f"{source.show}/{source.episode}"
    there = connection.exec_driver_sql("select id from episodes where id = ?", (id,)).scalar()
    row = connection.exec_driver_sql(
        "select title, start_seconds from chapters where episode = ? and (title = ? or"
        " start_seconds <= ?) order by title = ? desc, start_seconds desc limit 1",
        (id, source.chapter, source.seconds, source.chapter),
    ).first()
    chapter, start = (row.title, row.start_seconds) if row else (source.chapter, None)
    seconds = source.seconds if source.seconds is not None else start
    return _Place(there, chapter, seconds)


def _of_claim(claim: Claim, place: _Place) -> Document:
    told = [
        f"It is claimed: {claim.said}",
        f"Claimed to be true when {claim.boundary.true_when} "
        f"Claimed to be false when {claim.boundary.false_when}",
        f"Claimed as remedy: {claim.remedy.text}",
    ]
    return Document(
        kind=Kind.CLAIM,
        subject=claim.id,
        episode=place.episode,
        passages=_passages(told, claim.title, place),
        facts=Facts(claim=claim.id, title=claim.title, chapter=place.chapter),
    )


def _of_run(run: RunDocument, place: _Place) -> Document:
    state = words.state(run)
    headline = run.headline_result
    agrees = headline is not None and headline.verdict is run.verdict
    result = words.sentence(headline) if headline is not None and agrees else words.headline(run)
    told: dict[str, str | None] = {_outcome(state, run.title, result): state}
    for one in run.hypotheses:
        told[_outcome(one.verdict.value, one.statement, words.sentence(one))] = one.verdict.value
    if run.surprise:
        told[f"Measured here: {run.surprise}"] = None
    return Document(
        kind=Kind.RUN,
        subject=run.claim,
        episode=place.episode,
        passages=_passages(list(told), run.title, place),
        facts=Facts(
            chapter=place.chapter,
            claim=run.claim,
            run=run.run_id,
            verdict=state,
            verdicts=tuple(told.values()),
            measured=_effect(run).removeprefix(", ") or None,
            title=run.title,
        ),
    )


def _outcome(verdict: str, statement: str, result: str) -> str:
    """A statement that is not read without what came of it: the verdict first, the numbers last.

    ``result`` begins with the verdict, which is not said twice.
    """
    word = _OUTCOMES.get(verdict, f"{verdict.capitalize()} here")
    numbers = result.removeprefix(f"{verdict.capitalize()}: ")
    return f"{word}: {words.as_sentence(statement)} Result: {numbers}"


def _of_check(id: str, check: CheckDocument) -> Document:
    told = [
        f"Found here, {one.severity}: {words.as_sentence(one.title)} {one.statement} {one.fix}"
        for one in check.findings
    ]
    if not told:
        told = [f"Check of {check.kind} {check.target}: {check.outcome}."]
    return Document(
        kind=Kind.CHECK,
        subject=id,
        passages=_passages(told, f"Check of {check.target}", _Place(None, None, None)),
        facts=Facts(run=id, verdict=check.outcome, title=f"Check of {check.target}"),
    )


def _passages(told: list[str], heading: str, place: _Place) -> tuple[Passage, ...]:
    return tuple(Passage(text=text, heading=heading, start_seconds=place.seconds) for text in told)


def _check(store: Store, record: RunRecord) -> CheckDocument | None:
    """The document of a stored check; None when there is none that can be read."""
    for _, body in stored_events.read(store, record.id):
        try:
            return msgspec.json.decode(_inner(body), type=CheckDocument)
        except msgspec.DecodeError:
            continue
    return None


def _inner(body: str) -> bytes:
    """The check document of an event: the event itself, or the field ``check`` of it."""
    whole = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return bytes(whole["check"]) if "check" in whole else body.encode()


def _stamp() -> str:
    """Changes when a claim or the package that brings it does; imports no claim."""
    return hashlib.sha256("\n".join(sorted(_entries())).encode()).hexdigest()


def _entries() -> Iterator[str]:
    yield earwitness.__version__
    yield _WORDING
    for entry in entry_points(group=registry.GROUP):
        version = entry.dist.version if entry.dist else ""
        yield f"{entry.name} {entry.value} {version}"
