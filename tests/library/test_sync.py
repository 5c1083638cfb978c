import contextlib
import dataclasses
import datetime as dt
import re
import threading

import pytest

from earwitness.library import catalogue, documents, jobs, sync
from earwitness.library.adding import Adder
from earwitness.library.fetching.web import Limits, Web
from earwitness.library.intake import ChapterSource, TranscriptSource
from earwitness.library.sync import Outcome
from earwitness.store import library_tables as tables
from earwitness.store.connection import open_store
from tests.library import feeds, strangers
from tests.library.strangers import answer, redirect


@pytest.fixture
def stranger():
    with strangers.stranger() as running:
        yield running


@pytest.fixture
def web():
    return Web(
        allowed=frozenset({"127.0.0.1"}),
        limits=Limits(seconds=5, idle_seconds=1),
        sleep=lambda _: None,
    )


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def synchronise(store, web):
    def once(most=100):
        show = catalogue.find_show(store, "talk")
        return sync.sync(store, web, [show], tell=lambda _: None, most_documents=most)[0]

    return once


@pytest.fixture
def add(store, web, stranger):
    def feed(path="/feed"):
        return Adder(store, web, lambda _: None).add(stranger.url(path))

    return feed


def paths(stranger):
    return [path for path, _ in stranger.seen]


def address(store):
    return catalogue.find_show(store, "talk").facts.feed_url


def test_an_unchanged_feed_is_asked_with_its_marks_and_sends_nothing(
    stranger, add, synchronise, store
):
    feeds.publish(stranger, offers=False)
    add()
    before = catalogue.episodes(store)
    assert synchronise().outcome is Outcome.UNCHANGED
    assert stranger.seen[-1][1]["if-none-match"] == '"1"'
    assert catalogue.episodes(store) == before


def test_a_changed_feed_brings_what_is_new(stranger, add, synchronise):
    feeds.publish(stranger, 2, offers=False)
    add()
    feeds.publish(stranger, 3, etag='"2"', offers=False)
    synced = synchronise()
    assert (synced.outcome, synced.kept.new) == (Outcome.KEPT, ("talk/episode-2",))
    assert synchronise().outcome is Outcome.UNCHANGED


def test_a_feed_that_became_another_show_is_told_and_changes_nothing(
    stranger, add, synchronise, store
):
    feeds.publish(stranger, 2, offers=False)
    add()
    before = catalogue.episodes(store)
    other = feeds.feed(stranger.url(""), 4, "Casino tips", offers=False)
    stranger.pages["/feed"] = other.replace(b"Episode ", b"Win ").replace(b"<guid>", b"<guid>x")
    synced = synchronise()
    assert synced.outcome is Outcome.FAILED
    assert "another show, 'Casino tips'" in synced.problem and "--moves talk" in synced.problem
    assert catalogue.find_show(store, "talk").facts.title == "Talk"
    assert catalogue.episodes(store) == before


def test_what_a_feed_offers_is_fetched_once_the_best_of_each(stranger, add, synchronise, store):
    feeds.publish(stranger, 2)
    add()
    assert synchronise().documents == 4
    fetched = sorted(path for path in paths(stranger) if path != "/feed")
    assert fetched == ["/0.json", "/0.vtt", "/1.json", "/1.vtt"]
    (transcript,) = catalogue.transcripts(store, "talk/episode-1")
    assert (transcript.source, transcript.origin) == (
        TranscriptSource.FEED,
        stranger.url("/1.vtt"),
    )
    assert catalogue.segments(store, transcript.id)[0].speaker == "Ada"
    found = catalogue.chapters(store, ["talk/episode-1"])["talk/episode-1"]
    assert [c.title for c in found[ChapterSource.JSON]] == ["Intro", "On 1"]
    assert synchronise().documents == 0


def test_a_bounded_sync_goes_on_with_the_next_one(stranger, add, synchronise):
    feeds.publish(stranger, 3)
    add()
    assert [synchronise(most=4).documents for _ in range(3)] == [4, 2, 0]


def test_a_document_that_fails_is_left_alone_for_a_day_and_the_next_best_is_taken(
    stranger, add, synchronise, store
):
    feeds.publish(stranger, 1)
    del stranger.pages["/0.vtt"]
    stranger.pages["/0.srt"] = b"1\n00:00:01,000 --> 00:00:02,000\nHello\n"
    stranger.pages["/0.json"] = b"{}"
    add()
    assert synchronise().documents == 1
    assert catalogue.transcripts(store, "talk/episode-0")[0].format == "srt"
    assert {job.status for job in jobs.every(store)} == {"finished", "failed"}
    asked = len(stranger.seen)
    synchronise()
    assert paths(stranger)[asked:] == ["/feed"]
    with store.writing() as connection:
        two_days_ago = (dt.datetime.now(dt.UTC) - dt.timedelta(days=2)).isoformat()
        connection.execute(tables.jobs.update().values(updated_at=two_days_ago))
    wanted = [offer.url for offer in documents.wanted(store, "talk")]
    assert wanted == [stranger.url("/0.json")]


def test_a_permanent_move_is_remembered_and_a_temporary_one_is_not(
    stranger, add, synchronise, store
):
    feeds.publish(stranger, offers=False)
    add()
    stranger.pages |= {"/new": stranger.pages["/feed"], "/feed": redirect("/new", 302)}
    assert synchronise().moved_to is None
    assert address(store) == stranger.url("/feed")
    stranger.pages["/feed"] = redirect("/new", 301)
    assert synchronise().moved_to == stranger.url("/new")
    assert address(store) == stranger.url("/new")
    synchronise()
    assert paths(stranger)[-1] == "/new"


def test_a_move_to_the_address_of_another_show_leaves_two(stranger, add, synchronise, store):
    feeds.publish(stranger, offers=False)
    add()
    stranger.pages["/other"] = feeds.feed(stranger.url(""), title="Other", offers=False)
    add("/other")
    stranger.pages["/feed"] = redirect("/other", 308)
    assert synchronise().moved_to is None
    assert address(store) == stranger.url("/feed")


def with_guid(stranger, guid, title="Talk"):
    told = f"<channel><podcast:guid>{guid}</podcast:guid>".encode()
    body = feeds.feed(stranger.url(""), title=title, offers=False)
    return body.replace(b"<channel>", told)


def test_a_feed_that_changes_its_guid_is_the_same_show(stranger, add, synchronise, store):
    stranger.pages["/feed"] = with_guid(stranger, "one")
    add()
    stranger.pages["/feed"] = with_guid(stranger, "two")
    add()
    assert synchronise().outcome is Outcome.KEPT
    assert [show.facts.guid for show in catalogue.shows(store)] == ["two"]


def test_a_feed_that_takes_the_guid_of_another_show_does_not_get_it(
    stranger, add, synchronise, store
):
    stranger.pages |= {
        "/feed": with_guid(stranger, "one"),
        "/other": with_guid(stranger, "two", "Other"),
    }
    add()
    add("/other")
    stranger.pages["/feed"] = with_guid(stranger, "two")
    assert synchronise().outcome is Outcome.KEPT
    assert {show.id: show.facts.guid for show in catalogue.shows(store)} == {
        "talk": "one",
        "other": "two",
    }


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (lambda request: answer(request, status=410), "gone for good.*what is here stays"),
        (lambda request: answer(request, status=404), "answers 404"),
        (lambda request: answer(request, status=503), "answers 503"),
        (b"<html><body>please log in</body></html>", "web page"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n", "is no feed"),
        (b"", "is empty"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><rss>&b;</rss>', "DTD"),
        (b"<rss><channel>" + b"<a>" * 300, "nested deeper"),
        (b"<rss><channel>" + b"<a/>" * 100_000, "more than 80000 elements"),
        (feeds.feed("http://a.example", 0), "has no episode, and had 3"),
    ],
)
def test_a_feed_that_fails_leaves_what_is_here(stranger, add, synchronise, store, page, said):
    feeds.publish(stranger, offers=False)
    add()
    before = catalogue.episodes(store)
    stranger.pages["/feed"] = page
    synced = synchronise()
    assert synced.outcome is Outcome.FAILED
    assert re.search(said, synced.problem)
    assert catalogue.episodes(store) == before
    feeds.publish(stranger, offers=False)
    assert synchronise().outcome is Outcome.UNCHANGED


def test_two_hosts_are_asked_at_once_and_each_one_thing_at_a_time(store, web, stranger):
    hosts = ("127.0.0.1", "localhost")
    web = dataclasses.replace(web, allowed=frozenset(hosts))
    addresses = [stranger.url(f"/{number}", hosts[number % 2]) for number in range(4)]
    for number, url in enumerate(addresses):
        stranger.pages[f"/{number}"] = feeds.feed("http://a.example", 1, f"Talk {number}", False)
        Adder(store, web, lambda _: None).add(url)
    asked = {host: threading.Lock() for host in hosts}
    met = threading.Barrier(2)

    def meeting(request):
        """Answers once the other host is asked as well; a host that is asked twice gets no answer."""
        with contextlib.ExitStack() as held:
            lock = asked[request.headers["Host"].partition(":")[0]]
            assert lock.acquire(blocking=False)
            held.callback(lock.release)
            met.wait(5)
            answer(request, feeds.feed("http://a.example", 2, "Talk", False))

    stranger.pages |= {f"/{number}": meeting for number in range(4)}
    shows = sorted(sync.with_feeds(store), key=lambda show: show.facts.feed_url)
    told = []
    done = sync.sync(store, web, shows, tell=told.append, most_documents=0)
    assert [one.show for one in done] == [show.id for show in shows]
    assert {one.outcome for one in done} == {Outcome.KEPT}
    assert sorted(told) == [f"Talk {number}: asking" for number in range(4)]
    assert len(catalogue.episodes(store)) == 8


def test_one_feed_that_fails_does_not_keep_the_others_from_coming(store, web, stranger):
    for name in ("One", "Two"):
        stranger.pages[f"/{name}"] = feeds.feed("http://a.example", 1, name, False)
        Adder(store, web, lambda _: None).add(stranger.url(f"/{name}"))
    del stranger.pages["/One"]
    done = sync.sync(store, web, sync.with_feeds(store), tell=lambda _: None, most_documents=0)
    assert [one.outcome for one in done] == [Outcome.FAILED, Outcome.KEPT]
