"""Reading past runs: from the store to documents. Shared by all who show them, verbs and pages."""

import datetime as dt
from collections.abc import Iterable, Mapping

from earwitness.claims import registry
from earwitness.experiment import events, machine
from earwitness.experiment.prediction import Calibration, calibrate
from earwitness.experiment.verdict import ClaimResult
from earwitness.library import bundled
from earwitness.library.show import Show
from earwitness.report import assembly
from earwitness.report.document import RunDocument, ShowDocument
from earwitness.store import events as stored_events
from earwitness.store import predictions, runs
from earwitness.store.connection import Store
from earwitness.store.runs import RunRecord


def log_of(store: Store, run: str) -> list[events.Event]:
    """The events of a run."""
    return [events.decode(body) for _, body in stored_events.read(store, run)]


def document_of(store: Store, record: RunRecord) -> RunDocument:
    """The document of a run. Raises NothingRecorded when it ended before it began."""
    guesses = predictions.every(store, run=record.id)
    return assembly.run_document(record, log_of(store, record.id), guesses)


def in_page_order(claims: Iterable[str]) -> list[str]:
    """Ids of claims: those of the bundled shows in the order of their pages, then the others."""
    on_page = [claim for show in bundled.shows() for e in show.episodes for claim in e.claims]
    places = {claim: place for place, claim in enumerate(on_page)}
    return sorted(claims, key=lambda id: (places.get(id, len(places)), id))


def first_show() -> Show:
    """The show whose page a run fills."""
    return bundled.shows()[0]


def page(store: Store) -> ShowDocument:
    """The bundled show's page with the newest finished run of every claim."""
    newest = {claim: document_of(store, r) for claim, r in runs.newest_by_claim(store).items()}
    return assembly.show_document(
        first_show(),
        newest,
        installed=registry.ids(),
        environment=machine.environment(),
        generated_at=dt.datetime.now(dt.UTC),
        calibration=calibration(store),
    )


def results(store: Store) -> dict[str, ClaimResult]:
    """The verdicts of every finished experiment, by run id."""
    finished = [
        record
        for record in runs.every(store)
        if record.kind == "experiment" and record.status == "finished"
    ]
    ended = {record.id: stored_events.last(store, record.id) for record in finished}
    last = {id: events.decode(body) for id, body in ended.items() if body is not None}
    return {id: event.result for id, event in last.items() if isinstance(event, events.Finished)}


def calibration(store: Store, found: Mapping[str, ClaimResult] | None = None) -> Calibration:
    """How well this store's predictions came out so far; ``found``: its results, if at hand."""
    known = results(store) if found is None else found
    scored = assembly.scores(predictions.every(store), known)
    return calibrate((expected, score) for _, expected, score in scored if score is not None)
