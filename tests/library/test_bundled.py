"""The bundled show, held against the page that its facts come from.

The page itself is no part of the project; where it is not at hand the comparison is skipped. It is
parsed here from its text alone, with nothing of the code under test.
"""

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from earwitness.library import bundled
from earwitness.library.show import Episode, Show

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY.parent / "shared" / "show-page.txt"
SHINGLE_WORDS = 8

_URL = re.compile(r"https?://\S+")
_CHAPTER = re.compile(
    r"(?<!\S)(\d{1,2}):(\d\d)\s+(.+?)(?=\s+\d{1,2}:\d\d\s|\s+https?://|\s+Fundamentals of |\s*$)"
)
_DATE_LINE = re.compile(r"^(\w{3} \d{1,2}, \d{4}) • (\d+)min$")


@dataclass(frozen=True)
class PageEpisode:
    """An episode as the page prints it."""

    title: str
    date: dt.date
    minutes: int
    snips: int
    chapters: tuple[tuple[int, str], ...]
    links: tuple[str, ...]
    prose: str


def parse_episode(block: str) -> PageEpisode:
    lines = [line.strip() for line in block.splitlines() if line.strip()]
    snips = 0
    if match := re.fullmatch(r"(\d+) snips", lines[0]):
        snips = int(match[1])
        lines = lines[1:]
    when = _DATE_LINE.match(lines[0])
    assert when, lines[0]
    notes = " ".join(lines[2:])
    return PageEpisode(
        title=lines[1],
        date=dt.datetime.strptime(when[1], "%b %d, %Y").date(),
        minutes=int(when[2]),
        snips=snips,
        chapters=tuple((int(m) * 60 + int(s), name) for m, s, name in _CHAPTER.findall(notes)),
        links=tuple(_URL.findall(notes)),
        prose=_URL.sub("\n", _CHAPTER.sub("\n", notes)),
    )


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[\w']+", text.lower())
    return {tuple(words[i : i + SHINGLE_WORDS]) for i in range(len(words) - SHINGLE_WORDS + 1)}


@pytest.fixture(scope="module")
def page() -> tuple[PageEpisode, ...]:
    if not PAGE.exists():
        pytest.skip(f"the show's page is not at hand ({PAGE})")
    listing, _, _ = PAGE.read_text(encoding="utf-8").partition("Remember Everything You Learn")
    blocks = re.split(r"(?m)^undefined$", listing)[1:]
    return tuple(parse_episode(block) for block in blocks)


@pytest.fixture
def show() -> Show:
    return bundled.find_show("backend-engineering-show")


def test_ids_and_claims_stand_in_page_order(show: Show) -> None:
    assert [(episode.id, episode.claims) for episode in show.episodes] == [
        ("postgres-partitioning", ("partition-locks",)),
        ("webtransport", ("webtransport",)),
        ("ssd-fsync", ("fsync",)),
        ("ego", ()),
        ("clustered-collections", ("clustered-collections",)),
        ("prime-video-monolith", ("monolith",)),
        ("select-star", ("select-star",)),
        ("lambda-streaming", ("response-streaming",)),
        ("mtls-revocation", ("mtls-resumption",)),
        ("bgp-withdrawals", ("bgp-withdrawal",)),
    ]


def test_counts_of_the_page(show: Show) -> None:
    with_chapters = [len(episode.chapters) for episode in show.episodes if episode.chapters]
    assert with_chapters == [17, 6, 8, 6, 10, 5]
    assert sum(len(episode.links) for episode in show.episodes) == 11


@pytest.mark.parametrize("episode", bundled.shows()[0].episodes, ids=lambda episode: episode.id)
def test_an_episode_is_consistent(episode: Episode) -> None:
    starts = [chapter.start_seconds for chapter in episode.chapters]
    assert starts == sorted(set(starts))
    assert all(start < episode.duration_seconds for start in starts)
    assert episode.line.endswith(".")
    assert "\n" not in episode.line
    assert all(link.label and link.url.startswith("https://") for link in episode.links)


def test_an_unknown_show_or_episode_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        bundled.find_show("no-such-show")
    with pytest.raises(KeyError):
        bundled.find_episode("backend-engineering-show", "no-such-episode")


def test_an_episode_is_found_by_its_id() -> None:
    episode = bundled.find_episode("backend-engineering-show", "select-star")
    assert episode.title == "A Deep Dive in How Slow SELECT * is"


def test_the_facts_are_those_of_the_page(show: Show, page: tuple[PageEpisode, ...]) -> None:
    assert len(page) == 10
    for episode, printed in zip(show.episodes, page, strict=True):
        assert episode.title == printed.title
        assert episode.date == printed.date
        assert episode.duration_seconds == printed.minutes * 60
        assert episode.snips == printed.snips
        assert (
            tuple((chapter.start_seconds, chapter.title) for chapter in episode.chapters)
            == printed.chapters
        )
        assert tuple(link.url for link in episode.links) == printed.links


def test_no_sentence_of_the_page_is_in_the_project(page: tuple[PageEpisode, ...]) -> None:
    prose = set().union(*(shingles(episode.prose) for episode in page))
    assert len(prose) > 300, "the page's prose was not recognised"
    for file in sorted((REPOSITORY / "src").rglob("*")):
        if file.suffix in {".py", ".json", ".md", ".html", ".txt"}:
            taken = prose & shingles(file.read_text(encoding="utf-8"))
            assert not taken, f"{file.name}: {sorted(' '.join(words) for words in taken)}"
