import time

import msgspec
import pytest

from earwitness.library import bundled, catalogue, shelving
from earwitness.library.catalogue import NotInLibrary
from earwitness.library.intake import (
    ChapterSource,
    EpisodeFacts,
    Intake,
    Segment,
    ShowFacts,
    Source,
    SourcedChapter,
    Transcript,
    TranscriptSource,
)
from earwitness.library.show import Link
from earwitness.store.connection import open_store
from tests.library.confined import most_cpu_seconds


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path) as opened:
        yield opened


def feed(*episodes, **show):
    return Intake(
        source=Source.FEED, show=ShowFacts(**{"title": "Talk"} | show), episodes=tuple(episodes)
    )


def episode(guid="1", title="One", **facts):
    return EpisodeFacts(guid=guid, title=title, **facts)


def transcript(source=TranscriptSource.FILE, digest="d", lines=("Hello", "there")):
    return Transcript(
        source=source,
        format="vtt",
        digest=digest,
        segments=tuple(Segment(text=line, start_seconds=n) for n, line in enumerate(lines)),
    )


def test_keeping_twice_changes_nothing(store):
    intake = feed(
        episode(date="2024-01-02", read=(transcript(),)),
        episode(
            "2", "Two", chapters={ChapterSource.PSC: (SourcedChapter(start_seconds=0, title="A"),)}
        ),
    )
    first = shelving.keep(store, intake)
    assert first.show == "talk"
    assert first.new == ("talk/one", "talk/two")
    before = catalogue.episodes(store)
    second = shelving.keep(store, intake)
    assert (second.new, second.changed, second.unchanged) == ((), (), 2)
    assert catalogue.episodes(store) == before


def test_bundled_shows_are_known_by_their_ids_and_are_shelved_once(store):
    bundled.shelve(store)
    bundled.shelve(store)
    (show,) = catalogue.shows(store)
    assert show.id == bundled.shows()[0].id
    assert [e.id.rpartition("/")[2] for e in catalogue.episodes(store, show.id)] == [
        e.id for e in bundled.shows()[0].episodes
    ]


def test_bundled_shows_that_are_there_need_no_writer(store):
    bundled.shelve(store)
    with store.writing():
        bundled.shelve(store)  # would wait for itself


def test_what_the_package_says_anew_is_shelved(store):
    bundled.shelve(store)
    with store.writing() as connection:
        connection.exec_driver_sql("update episodes set body = replace(body, 'fsync', 'old')")
    bundled.shelve(store)
    assert catalogue.find_episode(store, "ssd-fsync").facts.claims == ("old",)


def test_a_feed_completes_the_bundled_show_and_keeps_its_claims(store):
    bundled.shelve(store)
    ours = bundled.shows()[0].episodes[0]
    theirs = EpisodeFacts(
        guid="abc",
        title=ours.title,
        date=f"{ours.date}T10:00:00+00:00",
        duration_seconds=2051.0,
        links=(Link(url="https://example.org/", label="more"),),
    )
    kept = shelving.keep(
        store, feed(theirs, title=bundled.shows()[0].title, feed_url="https://a/b")
    )
    assert kept.changed == (f"{kept.show}/{ours.id}",)
    facts = catalogue.find_episode(store, ours.id).facts
    assert facts.claims == ours.claims
    assert facts.duration_seconds == 2051.0
    assert [link.url for link in facts.links] == [
        *(link.url for link in ours.links),
        "https://example.org/",
    ]
    bundled.shelve(store)  # what came with the package replaces nothing
    assert catalogue.find_episode(store, ours.id).facts == facts


def test_shows_with_one_title_and_two_feeds_are_two(store):
    first = shelving.keep(store, feed(episode(), feed_url="https://a.example/feed"))
    second = shelving.keep(store, feed(episode(), feed_url="https://b.example/feed"))
    assert (first.show, second.show) == ("talk", "talk-2")


def test_episodes_stand_newest_first_whatever_their_order_in_the_source(store):
    shelving.keep(
        store,
        feed(
            episode("1", "Old", date="2020-01-01"),
            episode("2", "Undated"),
            episode("3", "New", date="2024-01-01"),
        ),
    )
    assert [e.facts.title for e in catalogue.episodes(store)] == ["New", "Old", "Undated"]


def test_nothing_is_kept_of_an_intake_that_fails_half_way(store):
    class Trouble(Exception): ...

    def episodes():
        yield episode()
        raise Trouble

    intake = feed()
    msgspec.structs.force_setattr(intake, "episodes", episodes())
    with pytest.raises(Trouble):
        shelving.keep(store, intake)
    assert catalogue.shows(store) == []


def test_the_most_trusted_transcript_is_chosen_and_of_equals_the_newest(store):
    shelving.keep(store, feed(episode()))
    for digest, source in (
        ("recognised", TranscriptSource.RECOGNISED),
        ("file", TranscriptSource.FILE),
        ("file 2", TranscriptSource.FILE),
        ("recognised 2", TranscriptSource.RECOGNISED),
    ):
        assert shelving.keep_transcript(store, "talk/one", transcript(source, digest))
        assert not shelving.keep_transcript(store, "talk/one", transcript(source, digest))
    chosen, *others = catalogue.transcripts(store, "talk/one")
    assert chosen.chosen
    assert not any(other.chosen for other in others)
    assert chosen.id == 3
    assert [s.text for s in catalogue.segments(store, chosen.id)] == ["Hello", "there"]


def test_chapters_stand_by_source_and_are_replaced_by_source(store):
    shelving.keep(store, feed(episode()))
    for titles in (("A", "B"), ("C",)):
        chapters = [SourcedChapter(start_seconds=n, title=t) for n, t in enumerate(titles)]
        shelving.keep_chapters(store, "talk/one", ChapterSource.PSC, chapters)
    notes = [SourcedChapter(start_seconds=5, title="N")]
    shelving.keep_chapters(store, "talk/one", ChapterSource.SHOW_NOTES, notes)
    found = catalogue.chapters(store, ["talk/one"])["talk/one"]
    assert {source: [c.title for c in chapters] for source, chapters in found.items()} == {
        ChapterSource.PSC: ["C"],
        ChapterSource.SHOW_NOTES: ["N"],
    }


@pytest.mark.parametrize(
    "name", ["talk/one", "one", "TALK/ONE", "One thing", "talk/on", "thing one"]
)
def test_an_episode_is_found_by_many_names(store, name):
    shelving.keep(store, feed(episode("1", "One thing"), episode("2", "Two")))
    with_slug = {"talk/one": "talk/one-thing", "one": "one-thing", "TALK/ONE": "TALK/ONE-THING"}
    assert catalogue.find_episode(store, with_slug.get(name, name)).id == "talk/one-thing"


def test_an_ambiguous_name_is_refused_with_the_ids(store):
    shelving.keep(store, feed(episode("1", "Part one"), episode("2", "Part two")))
    with pytest.raises(NotInLibrary, match=r"2 episodes .* talk/part-one, talk/part-two"):
        catalogue.find_episode(store, "part")
    with pytest.raises(NotInLibrary, match="no show is called ''"):
        catalogue.find_show(store, "")


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("SELECT * is slow?", "select-is-slow"),
        ("Don't", "dont"),
        ("Überraschung: Größe", "uberraschung-groe"),
        ("日本", "untitled"),
        ("../../etc/passwd", "etc-passwd"),
    ],
)
def test_slugs_are_safe_names(text, slug):
    assert shelving.slug(text) == slug


def test_thousands_of_episodes_with_one_title_are_kept_soon_each_with_an_id(store):
    many = feed(*(episode(str(number), chapters={}) for number in range(6_000)))
    begun = time.thread_time()
    kept = shelving.keep(store, many)
    assert time.thread_time() - begun <= most_cpu_seconds()
    assert kept.new[:3] == ("talk/one", "talk/one-2", "talk/one-3")
    assert len(set(kept.new)) == 6_000
    again = shelving.keep(store, feed(episode("new", date="2024-01-01"), episode("0", line="said")))
    assert (again.new, again.changed) == (("talk/one-6001",), ("talk/one",))


def test_an_episode_that_stands_twice_in_one_source_is_one(store):
    kept = shelving.keep(store, feed(episode("1"), episode("1", line="said")))
    assert (kept.new, kept.changed) == (("talk/one",), ("talk/one",))
    (one,) = catalogue.episodes(store)
    assert one.facts.line == "said"
