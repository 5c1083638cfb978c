import datetime as dt
import subprocess
import sys
import textwrap

import msgspec
import pytest

from earwitness.library import snip_catalogue, snips
from earwitness.library.review import cards, faces, statistics
from earwitness.library.review.cards import GradedMeanwhile, NoSuchCard
from earwitness.library.review.faces import Faces
from earwitness.library.review.scheduling import Grade
from earwitness.library.snip import Contents
from earwitness.store.connection import open_store
from tests.library import samples

NOW = dt.datetime(2030, 1, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path) as opened:
        yield opened


def own(store, front="Q", deck="Own"):
    return cards.add_own(store, front, "A", deck)


def test_making_a_card_again_gives_it_new_faces_and_keeps_its_memory(store):
    face = Faces(id="claim:x", kind="claim", deck="Claims", front="Q", back="not measured")
    assert cards.keep(store, [face]) == (1, 0)
    graded = cards.grade(store, "claim:x", Grade.EASY)
    newer = Faces(id="claim:x", kind="claim", deck="Claims", front="Q", back="refuted")
    assert cards.keep(store, [newer]) == (0, 1)
    assert cards.keep(store, [newer]) == (0, 0)
    now = cards.find(store, "claim:x")
    assert (now.back, now.memory) == ("refuted", graded.memory)
    assert now.changed_at > graded.changed_at


def test_a_grade_moves_the_card_and_is_logged_with_what_was_expected(store):
    card = own(store)
    assert [c.id for c in cards.due(store)] == [card.id]
    first = cards.grade(store, card.id, Grade.EASY, NOW)
    assert first.memory.due >= NOW + dt.timedelta(days=1)
    assert cards.due(store, NOW) == []
    later = first.memory.due
    second = cards.grade(store, card.id, Grade.GOOD, later)
    one, two = cards.log(store)
    assert (one.grade, one.predicted, one.number) == (Grade.EASY, None, 1)
    assert two.before == one.after == first.memory and two.after == second.memory
    assert two.predicted == pytest.approx(0.9, abs=0.05)


def test_a_card_that_was_graded_meanwhile_is_not_graded_twice(store):
    card = own(store)
    cards.grade(store, card.id, Grade.GOOD, NOW, seen=card.number)
    with pytest.raises(GradedMeanwhile, match="graded meanwhile"):
        cards.grade(store, card.id, Grade.AGAIN, NOW, seen=card.number)
    assert [review.grade for review in cards.log(store)] == [Grade.GOOD]


def test_undo_gives_back_what_was_before_the_newest_grade_that_stands(store):
    one, two = own(store, "1"), own(store, "2")
    cards.grade(store, one.id, Grade.GOOD)
    after = cards.grade(store, two.id, Grade.GOOD)
    cards.grade(store, two.id, Grade.AGAIN)
    assert cards.undo(store).memory == after.memory
    assert cards.undo(store).memory == two.memory
    assert cards.undo(store).memory == one.memory
    with pytest.raises(NoSuchCard, match="no grade"):
        cards.undo(store)
    assert cards.log(store) == []
    assert len(cards.log(store, standing=False)) == 6


def test_a_card_of_a_deleted_snip_waits_for_its_return(store):
    episode = samples.shelve(store)
    snip = snips.make(store, episode, Contents(start_seconds=20.0, end_seconds=40.0))
    cards.keep(store, [faces.of_snip(snip)])
    assert [card.snip for card in cards.due(store)] == [snip.id]
    snips.delete(store, snip.id)
    assert cards.due(store) == cards.every(store) == []
    snips.undo(store, snip.id)
    assert len(cards.due(store)) == 1


def test_a_suspended_card_is_not_asked(store):
    card = own(store)
    cards.suspend(store, card.id)
    assert cards.due(store) == []
    assert [c.suspended for c in cards.every(store)] == [True]
    cards.suspend(store, card.id, suspended=False)
    assert len(cards.due(store)) == 1


def test_an_unknown_card_is_named(store):
    for what in (lambda: cards.find(store, "x"), lambda: cards.grade(store, "x", Grade.GOOD)):
        with pytest.raises(NoSuchCard, match="no card"):
            what()
    own(store), own(store)
    with pytest.raises(NoSuchCard, match="2 cards begin"):
        cards.find(store, "own:")


GRADER = textwrap.dedent(
    """
    import pathlib, sys
    from earwitness.library.review import cards
    from earwitness.library.review.scheduling import Grade
    from earwitness.store.connection import open_store
    with open_store(pathlib.Path(sys.argv[1])) as store:
        while True:
            print(cards.grade(store, sys.argv[2], Grade.HARD).number, flush=True)
    """
)


def test_two_that_grade_at_once_and_sigkill_lose_nothing_acknowledged(store, tmp_path):
    card = own(store)
    graders = [
        subprocess.Popen(
            [sys.executable, "-c", GRADER, str(tmp_path), card.id], stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    acknowledged = [int(grader.stdout.readline()) for grader in graders for _ in range(8)]
    for grader in graders:
        grader.kill()
        acknowledged += [int(line) for line in grader.stdout if line.endswith(b"\n")]
        grader.wait()
    logged = [review.number for review in cards.log(store)]
    assert logged == list(range(1, len(logged) + 1))
    assert set(acknowledged) <= set(logged) and max(acknowledged) <= len(logged)
    now = cards.find(store, card.id)
    assert now.number == len(logged)
    assert now.memory == cards.log(store)[-1].after
    assert store.integrity() == "ok"


def test_the_faces_of_a_snip_and_of_a_chapter(store):
    episode = samples.shelve(store)
    snip = snips.make(store, episode, Contents(start_seconds=20.0, end_seconds=40.0, note="n"))
    told = faces.of_snip(snip)
    assert told.front == "What did you keep here?\n\nLocks, Fast path at 0:20"
    assert told.back == f"{snip.contents.quote}\n\nn"
    chapter = episode_chapter()
    notes = "# Locks\n\n## 0:20 Fast path\nSixteen slots.\n\n### More\ndetail\n\n## Slow path\nQueues.\n"
    told = faces.of_chapter("talk/locks", "Locks", "Talk", chapter, notes)
    assert told.id == "chapter:talk/locks@20"
    assert told.back == "Sixteen slots.\n\n### More\ndetail"
    assert faces.of_chapter("talk/locks", "Locks", "Talk", chapter, None).back.startswith("Listen")


def test_a_card_changes_when_it_says_something_else_and_not_with_a_tag(store):
    snip = snips.make(store, samples.shelve(store), Contents(start_seconds=20.0, end_seconds=40.0))

    def changed(**what):
        snips.change(store, snip.id, lambda contents: msgspec.structs.replace(contents, **what))
        entries = snip_catalogue.history(store, snip.id)
        at = faces.changed_at(snip_catalogue.find(store, snip.id), entries)
        return [entry.number for entry in entries if entry.at == at]

    assert changed(tags=("db",)) == [1]
    assert changed(note="n") == [3]
    assert changed(favourite=True) == [3]


def episode_chapter():
    from earwitness.library.intake import SourcedChapter

    return SourcedChapter(start_seconds=20.0, title="Fast path")


def test_retention_counts_reviews_after_the_learning_steps_only(store):
    card, other = own(store), own(store, deck="Other")
    at = NOW
    for grade in (Grade.EASY, Grade.GOOD, Grade.GOOD, Grade.AGAIN):
        at = max(at, cards.find(store, card.id).memory.due)
        cards.grade(store, card.id, grade, at)
    cards.grade(store, other.id, Grade.GOOD, at)
    told = statistics.of(cards.every(store), cards.log(store), at, days=3)
    assert (told.cards, told.graded, told.good, told.again, told.easy) == (2, 5, 3, 1, 1)
    assert (told.retention.reviews, told.retention.remembered) == (3, 2)
    assert told.retention.measured == pytest.approx(2 / 3)
    assert told.retention.low < 2 / 3 < told.retention.high
    assert told.retention.predicted == pytest.approx(0.9, abs=0.05)
    assert [deck.retention.reviews for deck in told.decks] == [0, 3]
    assert [day.cards for day in told.forecast] == [2, 0, 0]
    assert told.forecast[0].day == at.date()
