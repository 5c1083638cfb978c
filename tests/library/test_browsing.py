"""Parts of long lists: nothing twice, nothing left out, in the order that was asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.library import browsing, shelving
from earwitness.library.browsing import Order, Wanted
from earwitness.library.intake import EpisodeFacts, Intake, ShowFacts, Source
from earwitness.store.connection import Store, open_store

TITLES = ("Locks", "100% locked_out", "Pages", "locks again", "Äpfel")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("browsed")
    episodes = tuple(
        EpisodeFacts(
            guid=str(number),
            title=title,
            date=f"2024-01-{20 - number:02}",
            duration_seconds=None if number == 2 else 100.0 * number,
            claims=("fsync",) if number == 3 else (),
        )
        for number, title in enumerate(TITLES)
    )
    with open_store(folder) as opened:
        for slug in ("one", "other"):
            show = ShowFacts(slug=slug, title=slug)
            shelving.keep(opened, Intake(source=Source.FEED, show=show, episodes=episodes))
        yield opened


def titles(store: Store, **wanted: object) -> list[str]:
    page = browsing.page(store, Wanted(show="one", **wanted))
    return [episode.facts.title for episode in page.episodes]


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("most", [1, 2, 3, 99])
def test_the_parts_are_the_whole(store: Store, order: Order, most: int) -> None:
    whole = titles(store, order=order)
    assert sorted(whole) == sorted(TITLES)
    parts, first = [], 0
    while first is not None:
        page = browsing.page(store, Wanted(show="one", order=order, first=first, most=most))
        assert page.total == len(TITLES)
        parts += [episode.facts.title for episode in page.episodes]
        first = page.following
    assert parts == whole


def test_orders(store: Store) -> None:
    assert titles(store, order=Order.NEWEST) == list(TITLES)
    assert titles(store, order=Order.OLDEST) == list(TITLES[::-1])
    assert titles(store, order=Order.LONGEST)[0] == "Äpfel"
    assert titles(store, order=Order.LONGEST)[-1] == "Pages"  # nobody knows how long it is
    assert titles(store, order=Order.SHORTEST)[-1] == "Pages"


def test_words_are_found_as_they_are_written(store: Store) -> None:
    assert titles(store, words="lock") == ["Locks", "100% locked_out", "locks again"]
    assert titles(store, words="again locks") == ["locks again"]
    assert titles(store, words="%") == ["100% locked_out"]
    assert titles(store, words="d_o") == ["100% locked_out"]
    assert titles(store, words="nothing") == []


def test_only_those_with_a_claim(store: Store) -> None:
    assert titles(store, only_claims=True) == ["locks again"]
    assert [episode.show for episode in browsing.claiming(store)] == ["one", "other"]


def test_past_the_end_there_is_nothing(store: Store) -> None:
    page = browsing.page(store, Wanted(show="one", first=99))
    assert (page.episodes, page.following) == ([], None)


def test_latest_of_all_shows(store: Store) -> None:
    found = browsing.latest(store, 3)
    assert [episode.facts.title for episode in found] == ["Locks", "Locks", "100% locked_out"]


def test_neighbours_stay_within_the_show(store: Store) -> None:
    page = browsing.page(store, Wanted(show="one"))
    newer, older = browsing.neighbours(store, page.episodes[1])
    assert (newer, older) == (page.episodes[0].id, page.episodes[2].id)
    assert browsing.neighbours(store, page.episodes[0])[0] is None
    assert browsing.neighbours(store, page.episodes[-1])[1] is None


def test_episodes_are_found_by_their_ids(store: Store) -> None:
    one, other = browsing.page(store, Wanted(show="one")).episodes[:2]
    assert browsing.those(store, [other.id, "none", one.id]) == {one.id: one, other.id: other}
    assert browsing.those(store, []) == {}
