"""What an assistant may ask for, as plain functions on a data folder.

Each returns a JSON document and opens the store only for as long as it takes; nothing here knows
the protocol. Reading changes nothing but the index. Writing stands apart in ``WritingDesk``.
"""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from earwitness import history, launcher
from earwitness.check import kinds
from earwitness.claims import registry
from earwitness.experiment.design import Depth
from earwitness.launcher import Request, Stop
from earwitness.library import bundled, catalogue, chapters, moment, snip_catalogue, snips
from earwitness.library.search import searching
from earwitness.library.search.scope import Scope
from earwitness.library.snip import Contents, Snip
from earwitness.report import answers, check_document, found_document, measured
from earwitness.store import runs
from earwitness.store.connection import Store, open_store
from earwitness.store.runs import RunRecord

Json = dict[str, Any]

_MOST_LINES = 400
"""Of a transcript in one answer; about half an hour of talk."""
_SEEDS = 2**31


class ReadingDesk:
    """The questions that change nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def search(
        self, query: str, show: str | None = None, episode: str | None = None, most: int = 10
    ) -> Json:
        """Passages of shows, transcripts, field notes, snips, claims and runs that fit the words.

        Understands "phrases", -word, begin*, speaker:, chapter:, after: and before: with a day.
        Each result names its show, episode and second.
        """
        with self._store() as store:
            scope = _scope(store, show, episode)
            hits = searching.search(store, query, scope=scope, most=max(1, min(most, 100)))
        return _json(found_document.search_document(query, hits))

    def ask(self, question: str, show: str | None = None, episode: str | None = None) -> Json:
        """Passages that may answer a question, each cited, with what was measured on this machine.

        Abstains when nothing in the library answers. What passages say is data that others said.
        """
        with self._store() as store:
            return _json(answers.answer(store, question, _scope(store, show, episode)))

    def shows(self) -> Json:
        """The shows in the library, each with its id and how many episodes it has."""
        with self._store() as store:
            return {
                "shows": [
                    {
                        "show": show.id,
                        "show_title": show.facts.title,
                        "author": show.facts.author,
                        "episodes": show.episodes,
                    }
                    for show in catalogue.shows(store)
                ]
            }

    def episodes(self, show: str) -> Json:
        """The episodes of a show, newest first, with date, length, line and claims."""
        with self._store() as store:
            found = catalogue.find_show(store, show)
            return {
                "show": found.id,
                "episodes": [
                    {
                        "episode_id": one.id,
                        "episode": one.facts.title,
                        "date": one.facts.date,
                        "duration_seconds": one.facts.duration_seconds,
                        "line": one.facts.line,
                        "claims": list(one.facts.claims),
                    }
                    for one in catalogue.episodes(store, found.id)
                ],
            }

    def episode(
        self,
        episode: str,
        transcript_from: float | None = None,
        transcript_to: float | None = None,
    ) -> Json:
        """One episode with its chapters and links, and the part of its transcript between two seconds."""
        with self._store() as store:
            found = catalogue.find_episode(store, episode)
            by_source = catalogue.chapters(store, [found.id]).get(found.id, {})
            merged = chapters.merge(by_source, found.facts.duration_seconds)
            lines = _lines(store, found.id, transcript_from or 0.0, transcript_to)
        return {
            "show": found.show,
            "show_title": found.show_title,
            "episode_id": found.id,
            "episode": found.facts.title,
            "date": found.facts.date,
            "duration_seconds": found.facts.duration_seconds,
            "line": found.facts.line,
            "claims": list(found.facts.claims),
            "chapters": [
                {"start_seconds": one.start_seconds, "title": one.title}
                for one in merged
                if one.listed
            ],
            "links": [{"url": link.url, "label": link.label} for link in found.facts.links],
            "transcript": lines[:_MOST_LINES],
            "transcript_goes_on": len(lines) > _MOST_LINES,
        }

    def snips(self, show: str | None = None, episode: str | None = None) -> Json:
        """The moments that the user saved, with quote, note and tags."""
        with self._store() as store:
            scope = _scope(store, show, episode)
            found = snip_catalogue.every(store, show=scope.show, episode=scope.episode)
        return {"snips": [_snip(one) for one in found]}

    def claims(self) -> Json:
        """What episodes claim and what can be run here, with hypotheses, boundary and remedy."""
        loaded, broken = registry.loadable()
        return {
            "claims": [
                {
                    "claim": claim.id,
                    "title": claim.title,
                    "said": claim.said,
                    "source": msgspec.to_builtins(claim.source),
                    "true_when": claim.boundary.true_when,
                    "false_when": claim.boundary.false_when,
                    "remedy": claim.remedy.text,
                    "hypotheses": [one.statement for one in claim.hypotheses],
                }
                for claim in loaded.values()
            ],
            "not_loadable": broken,
        }

    def runs(self, claim: str | None = None, most: int = 20) -> Json:
        """The newest runs on this machine, with their verdicts."""
        with self._store() as store:
            records = runs.every(store, claim=claim, most=max(1, min(most, 200)))
        return {
            "runs": [
                {
                    "run": one.id,
                    "kind": one.kind,
                    "claim": one.claim,
                    "depth": one.depth,
                    "status": one.status,
                    "verdict": one.verdict,
                    "started_at": one.started_at.isoformat(),
                }
                for one in records
            ]
        }

    def verdicts(self) -> Json:
        """What was measured on this machine of every claim, in one sentence each."""
        with self._store() as store:
            told = (measured.of_claim(store, claim) for claim in registry.ids())
            return {
                "verdicts": [_json(found_document.measured(one)) for one in told if one is not None]
            }

    def check_plan(self, target: str, claim: str | None = None) -> Json:
        """What a check of a target would read, step by step, and its budget. Connects to nothing.

        A target is an address such as postgresql://user@host/database.
        """
        kind, address = kinds.recognise(target)
        found, _ = registry.checks(kind.name)
        chosen = [one.planned for one in found if claim in (None, one.claim)]
        return _json(check_document.plan_document(kind, address, chosen, kind.budget))

    @contextmanager
    def _store(self) -> Iterator[Store]:
        with open_store(self._folder) as store:
            bundled.shelve(store)
            measured.refresh(store)
            yield store


class WritingDesk(ReadingDesk):
    """What changes something; offered only when the user allowed it."""

    def add_snip(
        self, episode: str, start_seconds: float, end_seconds: float, note: str = ""
    ) -> Json:
        """Save a moment of an episode for the user, with a note."""
        if not 0 <= start_seconds < end_seconds:
            raise moment.NoSuchMoment("a snip begins before it ends")
        with self._store() as store:
            found = catalogue.find_episode(store, episode)
            contents = Contents(start_seconds=start_seconds, end_seconds=end_seconds, note=note)
            return _snip(snips.make(store, found, contents))

    def run_claim(self, claim: str, depth: str = "proof", *, stop: Stop | None = None) -> Json:
        """Run a claim on real servers on the user's machine. ``proof`` takes seconds to minutes.

        The other depths are ``study`` and ``full``. One run at a time: it waits for its turn.
        """
        if depth not in tuple(Depth):
            raise ValueError(f"depth is one of {', '.join(Depth)}, not {depth!r}")
        wanted = Request(
            claim=registry.find(claim).claim.id,
            depth=Depth(depth),
            seed=secrets.randbelow(_SEEDS),
        )
        with self._store() as store:
            record = launcher.begin(store, wanted)
            with closing(launcher.carry_out(store, record, wanted, stop)) as happening:
                for _ in happening:
                    pass
            ended = runs.find(store, record.id)
            text = _came_to(store, ended)
        return {"run": ended.id, "status": ended.status, "verdict": ended.verdict, "text": text}


def _came_to(store: Store, ended: RunRecord) -> str:
    """The result of a run in a sentence or two; else why there is none."""
    if ended.status != "finished":
        return ended.message or ended.status
    result = measured.of_claim(store, ended.claim)
    told = [] if result is None else [result.text]
    told += [
        one.unavailable + (f"; to have it: {one.install}" if one.install else "")
        for one in history.document_of(store, ended).experiments
        if one.unavailable is not None
    ]
    return ". ".join(dict.fromkeys(told))


def _scope(store: Store, show: str | None, episode: str | None) -> Scope:
    of_show = None if show is None else catalogue.find_show(store, show).id
    if episode is None:
        return Scope(show=of_show)
    return Scope(episode=catalogue.find_episode(store, episode, show=of_show).id)


def _lines(store: Store, episode: str, start: float, end: float | None) -> list[Json]:
    said = snip_catalogue.segments(store, episode)
    return [
        {"start_seconds": one.start_seconds, "speaker": one.speaker, "text": one.text}
        for one in said
        if (one.start_seconds or 0.0) >= start and (end is None or (one.start_seconds or 0.0) < end)
    ]


def _snip(one: Snip) -> Json:
    return {
        "snip": one.id,
        "show": one.show,
        "episode_id": one.episode,
        "episode": one.episode_title,
        **msgspec.to_builtins(one.contents),
    }


def _json(document: msgspec.Struct) -> Json:
    plain: Json = msgspec.to_builtins(document)
    return plain
