"""Adds what somebody has, whatever it is: an address, a file or a folder.

What it is is told by its content: a feed, a list of feeds, the page of a show, an export of another
application, a transcript, a recording. A transcript or a recording belongs to the episode that is
named with it, or that it belongs to already, else it becomes an episode of its own.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from earwitness.library import audio, catalogue, moving, own_files, shelving, snips, sync
from earwitness.library.fetching import fetcher, recordings
from earwitness.library.fetching.fetcher import Fetched
from earwitness.library.fetching.problems import NotFetched
from earwitness.library.fetching.web import MEBIBYTE, Web
from earwitness.library.intake import (
    EpisodeFacts,
    Intake,
    NotReadable,
    ShowFacts,
    Source,
    Transcript,
)
from earwitness.library.moving import Claimed
from earwitness.library.own_files import OwnFile
from earwitness.library.reading import audio_tags, recognise
from earwitness.library.reading.opml import Opml
from earwitness.library.reading.recognise import Read
from earwitness.library.shelving import Kept
from earwitness.library.sync import Tell
from earwitness.store.connection import Store
from earwitness.trouble import Trouble

_LARGEST_FILE = 256 * MEBIBYTE
"""Bytes of a file that is read into memory; the largest exports have a tenth of it."""
_MOST_FILES = 10_000
"""In a folder; more is probably not the folder that was meant."""
_OWN_FILES = "Files"
"""Title of the show that files belong to of which nothing else is known."""


class NotThere(Trouble):
    """Neither an address nor a file that can be read; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class Addition:
    """What adding came to."""

    kept: tuple[Kept, ...]
    failed: tuple[tuple[str, str], ...] = ()
    """Of a list or a folder, what could not be added, and why."""
    several: bool = False
    """Whether it was a list or a folder, that may hold many shows."""


@dataclass(frozen=True)
class Adder:
    """Where things are added, and whom to tell."""

    store: Store
    web: Web
    tell: Tell
    moves: str | None = None
    """The show that has moved to the address that is added."""
    apart: bool = False
    """Whether a feed that says it is a show which is here becomes another show all the same."""

    def add(self, what: str, episode: str | None = None) -> Addition:
        """Add an address, a file or a folder; ``episode`` names whose transcript or recording it is.

        Raises NotThere, NotReadable, NotFetched, NotInLibrary and Claimed.
        """
        if not what.strip():
            raise NotThere("nothing is named: give an address, a file or a folder")
        if what.startswith(("http://", "https://")):
            return self._address(what, episode)
        try:
            path = Path(what).expanduser()
            if path.is_dir():
                return self._folder(path)
            if path.is_file():
                return self._file(path, own_files.at_path(path), episode)
        except OSError as problem:
            raise NotThere(f"{what} cannot be added: {problem.strerror}") from None
        except RuntimeError:  # nobody has that home
            pass
        raise NotThere(f"{what} is neither an http or https address nor a file here")

    def _address(self, url: str, episode: str | None) -> Addition:
        self.tell(f"asking for {fetcher.shown(url)}")
        fetched = fetcher.fetch(self.web, url)
        found = recognise.read(fetched.body, fetcher.shown(fetched.url))
        if isinstance(found, Intake) and found.source is Source.FEED:
            return _one(self._feed(fetched, found, fetched.moved_to or url))
        return self._found(found, own_files.at_address(fetcher.shown(url)), episode, _OWN_FILES)

    def _feed(self, fetched: Fetched, intake: Intake, address: str) -> Kept:
        """Keep a feed: of the show of its address, of the one that has moved there, or of a new one."""
        show = sync.of_feed(self.store, address)
        if self.moves is not None:
            moved = catalogue.find_show(self.store, self.moves).id
            if show not in {None, moved}:
                raise Claimed(f"{fetcher.shown(address)} is the feed of {show}: remove one of both")
            show = moved
        elif show is not None:
            there = catalogue.find_show(self.store, show)
            if not self.apart:
                moving.require_same(self.store, there, intake)
            elif moving.is_another(self.store, there, intake):
                moving.part(self.store, there)
                show = None
        elif claimed := moving.claimed(self.store, intake.show, address):
            if self.apart:
                without = msgspec.structs.replace(intake.show, guid=None)
                intake = msgspec.structs.replace(intake, show=without)
            else:
                moving.require_moved(self.web, claimed, address)
                self.tell(f"{claimed.id} has moved to {fetcher.shown(address)}")
                show = claimed.id
        return sync.keep_feed(self.store, fetched, intake, address, show)

    def _file(
        self, path: Path, own: OwnFile, episode: str | None, show: str = _OWN_FILES
    ) -> Addition:
        with path.open("rb") as file:
            first = file.read(recordings.FIRST_BYTES)
        if recordings.suffix(first) is not None:
            return _one(self._recording(path, own, episode, show))
        if path.stat().st_size > _LARGEST_FILE:
            raise NotReadable(f"{path} is larger than {_LARGEST_FILE // MEBIBYTE} MiB")
        found = recognise.read(path.read_bytes(), path.name)
        return self._found(found, own, episode, show)

    def _folder(self, folder: Path) -> Addition:
        """Every file in a folder and below, but hidden ones."""
        files = [
            path
            for path in sorted(folder.rglob("*"))
            if path.is_file()
            and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        ]
        if len(files) > _MOST_FILES:
            raise NotReadable(f"{folder} has {len(files)} files; {_MOST_FILES} are allowed")
        kept: list[Kept] = []
        failed: list[tuple[str, str]] = []
        for path, title in own_files.titles(files).items():
            self.tell(str(path))
            try:
                own = own_files.at_path(path, title)
                kept += self._file(path, own, None, show=folder.resolve().name).kept
            except (NotReadable, OSError) as problem:
                failed.append((str(path), str(problem)))
        if not kept:
            raise NotReadable(f"nothing in {folder} can be read")
        return Addition(kept=_by_show(kept), failed=tuple(failed), several=True)

    def _found(self, found: Read, own: OwnFile, episode: str | None, show: str) -> Addition:
        match found:
            case Opml():
                return self._list(found)
            case Transcript():
                return _one(self._transcript(found, own, episode, show))
            case Intake():
                return _one(self._keep(found))
            case _:
                kept = [self._keep(intake) for intake in found]
                return Addition(kept=_by_show(kept), several=True)

    def _keep(self, intake: Intake) -> Kept:
        """Keep a show and its episodes as an application or a page has them, with what was saved."""
        kept = shelving.keep(self.store, intake)
        for id, facts in zip(kept.episodes, intake.episodes, strict=True):
            snips.keep_saved(self.store, id, facts.saved)
        return kept

    def _list(self, opml: Opml) -> Addition:
        """Every feed of a list; one that fails does not keep the others from coming."""
        kept: list[Kept] = []
        failed: list[tuple[str, str]] = []
        for feed in opml.feeds:
            try:
                kept += self._address(feed.url, None).kept
            except (NotFetched, NotReadable, Claimed) as problem:
                self.tell(str(problem))
                failed.append((fetcher.shown(feed.url), str(problem)))
        return Addition(kept=tuple(kept), failed=tuple(failed), several=True)

    def _transcript(
        self, transcript: Transcript, own: OwnFile, episode: str | None, show: str
    ) -> Kept:
        named = msgspec.structs.replace(transcript, origin=transcript.origin or own.name)
        known = episode or own_files.of_transcript(self.store, own, transcript.digest)
        if known is None:
            facts = EpisodeFacts(guid=own.mark, title=own.title, read=(named,))
            return shelving.keep(self.store, _own(show, facts))
        found = catalogue.find_episode(self.store, known)
        new = shelving.keep_transcript(self.store, found.id, named)
        return _of_episode(found.show, found.id, changed=new)

    def _recording(self, path: Path, own: OwnFile, episode: str | None, show: str) -> Kept:
        known = episode or own_files.of_recording(self.store, own, path)
        if known is None:
            tags = audio_tags.read(path)
            facts = EpisodeFacts(
                guid=own.mark,
                title=tags.title or own.title,
                date=tags.date,
                duration_seconds=tags.duration_seconds,
            )
            kept = shelving.keep(self.store, _own(tags.show or show, facts))
            audio.adopt(self.store, catalogue.find_episode(self.store, kept.episodes[0]), path)
            return kept
        found = catalogue.find_episode(self.store, known)
        here = audio.found(self.store, found)
        new = here is None or not own_files.same(here, path)
        if new:
            audio.adopt(self.store, found, path)
        return _of_episode(found.show, found.id, changed=new)


def _one(kept: Kept) -> Addition:
    return Addition(kept=(kept,))


def _own(show: str, facts: EpisodeFacts) -> Intake:
    return Intake(source=Source.FILE, show=ShowFacts(title=show), episodes=(facts,))


def _of_episode(show: str, episode: str, *, changed: bool) -> Kept:
    return Kept(
        show=show,
        episodes=(episode,),
        new=(),
        changed=(episode,) if changed else (),
        unchanged=0 if changed else 1,
        problems=(),
    )


def _by_show(kept: list[Kept]) -> tuple[Kept, ...]:
    """What came to one show in many files, as one."""
    together: dict[str, Kept] = {}
    for one in kept:
        before = together.get(one.show)
        together[one.show] = one if before is None else _joined(before, one)
    return tuple(together.values())


def _joined(one: Kept, other: Kept) -> Kept:
    new = tuple(dict.fromkeys((*one.new, *other.new)))
    changed = tuple(id for id in dict.fromkeys((*one.changed, *other.changed)) if id not in new)
    episodes = tuple(dict.fromkeys((*one.episodes, *other.episodes)))
    return Kept(
        show=one.show,
        episodes=episodes,
        new=new,
        changed=changed,
        unchanged=len(set(episodes) - {*new, *changed}),
        problems=one.problems + other.problems,
    )
