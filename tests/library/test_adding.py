import struct
import wave

import pytest

from earwitness.library import audio, catalogue, listing, snip_catalogue
from earwitness.library.adding import Adder, NotThere
from earwitness.library.catalogue import NotInLibrary
from earwitness.library.fetching import problems
from earwitness.library.fetching.web import Web
from earwitness.library.intake import NotReadable, Source
from earwitness.library.moving import Claimed
from earwitness.store.connection import open_store
from tests.library import feeds, strangers

VTT = b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello there\n"


@pytest.fixture
def stranger():
    with strangers.stranger() as running:
        yield running


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def add(store):
    web = Web(allowed=frozenset({"127.0.0.1"}), sleep=lambda _: None)

    def anything(what, episode=None, **options):
        return Adder(store, web, lambda _: None, **options).add(str(what), episode)

    return anything


@pytest.fixture
def show(store, add, tmp_path):
    """A show that came as a file."""
    file = tmp_path / "feed.xml"
    file.write_bytes(feeds.feed("http://a.example", 2))
    add(file)
    return catalogue.find_show(store, "talk")


def opml(*urls):
    outlines = "".join(f'<outline type="rss" text="x" xmlUrl="{url}"/>' for url in urls)
    return f'<opml version="2.0"><head/><body>{outlines}</body></opml>'.encode()


def test_a_feed_is_added_under_its_address_and_again_changes_nothing(stranger, add, store):
    feeds.publish(stranger)
    (first,) = add(stranger.url("/feed")).kept
    assert len(first.new) == 3
    (second,) = add(stranger.url("/feed")).kept
    assert (second.show, second.new, second.changed, second.unchanged) == ("talk", (), (), 3)
    (show,) = catalogue.shows(store)
    assert (show.facts.feed_url, show.source) == (stranger.url("/feed"), Source.FEED)


def claiming(stranger, guid="one", title="Talk", head=""):
    told = f"<channel>{head}<podcast:guid>{guid}</podcast:guid>".encode()
    return feeds.feed(stranger.url(""), 2, title, offers=False).replace(b"<channel>", told)


@pytest.fixture
def claimed(stranger, add):
    """A show, and a second address whose feed says that it is the same one."""
    stranger.pages |= {
        "/old": claiming(stranger),
        "/new": claiming(stranger, title="Talk, by somebody else"),
    }
    add(stranger.url("/old"))
    return stranger.url("/new")


def addresses(store, stranger):
    found = {show.id: show.facts.feed_url for show in catalogue.shows(store)}
    return {id: url.removeprefix(stranger.url("")) for id, url in found.items()}


def test_a_feed_that_says_it_is_another_show_is_not_taken_for_it(claimed, stranger, add, store):
    with pytest.raises(Claimed, match="`--moves talk` if it has, or with `--apart`"):
        add(claimed)
    assert addresses(store, stranger) == {"talk": "/old"}
    assert [show.facts.title for show in catalogue.shows(store)] == ["Talk"]


def test_the_user_may_say_that_it_has_moved(claimed, stranger, add, store):
    (kept,) = add(claimed, moves="talk").kept
    assert (kept.show, kept.new) == ("talk", ())
    assert addresses(store, stranger) == {"talk": "/new"}


def test_the_user_may_say_that_it_is_another(claimed, stranger, add, store):
    add(claimed, apart=True)
    assert addresses(store, stranger) == {"talk": "/old", "talk-by-somebody-else": "/new"}
    assert {show.facts.guid for show in catalogue.shows(store)} == {"one", None}


@pytest.mark.parametrize("how", ["redirect", "element"])
def test_the_old_feed_may_say_that_it_has_moved(claimed, stranger, add, store, how):
    said = f"<itunes:new-feed-url>{claimed}</itunes:new-feed-url>"
    stranger.pages["/old"] = (
        strangers.redirect("/new", 301) if how == "redirect" else claiming(stranger, head=said)
    )
    (kept,) = add(claimed).kept
    assert (kept.show, kept.new) == ("talk", ())
    assert addresses(store, stranger) == {"talk": "/new"}


@pytest.mark.parametrize("page", [b"no feed", None, strangers.redirect("/new", 302)])
def test_an_old_feed_that_does_not_say_it_proves_nothing(claimed, stranger, add, store, page):
    stranger.pages["/old"] = page
    with pytest.raises(Claimed):
        add(claimed)


def test_an_address_is_of_one_show(claimed, stranger, add, store):
    add(claimed, apart=True)
    with pytest.raises(Claimed, match="is the feed of talk-by-somebody-else"):
        add(claimed, moves="talk")


def test_a_file_changes_no_address(claimed, stranger, add, store, tmp_path):
    file = tmp_path / "feed.xml"
    own = (
        '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="self" href="http://e.example/"/>'
    )
    file.write_bytes(claiming(stranger, title="Talk, again", head=own))
    add(file)
    assert addresses(store, stranger) == {"talk": "/old"}


def test_relative_links_are_of_the_address_of_the_feed(stranger, add, store):
    item = "<description>&lt;a href='notes'>Notes&lt;/a></description><title>"
    body = (
        feeds.feed(stranger.url(""), 1, offers=False)
        .decode()
        .replace("<item><title>", "<item>" + item)
    )
    stranger.pages["/talks/feed"] = body.encode()
    add(stranger.url("/talks/feed"))
    (one,) = catalogue.episodes(store)
    assert [link.url for link in one.facts.links] == [stranger.url("/talks/notes")]


def test_a_list_brings_every_feed_that_answers_and_names_the_others(stranger, add, store, tmp_path):
    feeds.publish(stranger)
    stranger.pages["/other"] = feeds.feed(stranger.url(""), title="Other")
    stranger.pages["/page"] = b"<!doctype html><html>no feed</html>"
    file = tmp_path / "list.opml"
    file.write_bytes(opml(*(stranger.url(path) for path in ("/feed", "/none", "/page", "/other"))))
    added = add(file)
    document = listing.addition(store, added)
    assert [show.id for show in document.shows] == ["talk", "other"]
    assert document.id is None
    assert [failed.what for failed in document.failed] == [
        stranger.url("/none"),
        stranger.url("/page"),
    ]


def test_a_list_cannot_lead_into_the_users_network(stranger, add, tmp_path):
    file = tmp_path / "list.opml"
    file.write_bytes(opml(f"http://localhost:{stranger.port}/feed"))
    ((_, why),) = add(file).failed
    assert "loopback" in why
    assert stranger.seen == []


def test_a_transcript_goes_to_the_episode_that_is_named(show, store, add, tmp_path):
    file = tmp_path / "said.vtt"
    file.write_bytes(VTT)
    (kept,) = add(file, "episode-1").kept
    assert kept.changed == ("talk/episode-1",)
    (again,) = add(file, "episode-1").kept
    assert again.unchanged == 1
    (transcript,) = catalogue.transcripts(store, "talk/episode-1")
    assert transcript.origin == "said.vtt"
    with pytest.raises(NotInLibrary):
        add(file, "no such episode")


def test_what_was_saved_elsewhere_becomes_snips_once(store, add, tmp_path):
    file = tmp_path / "export.csv"
    file.write_text(
        "Highlight,Book Title,Book Author,Note,Tags,Location Type,Location,Highlighted at\n"
        "Flush before you answer,One,Talk,mine,disks,time_offset,61,2024-01-02 10:00:00\n"
    )
    for _ in range(2):
        add(file)
        (snip,) = snip_catalogue.every(store)
        assert snip.contents.quote == "Flush before you answer"


def test_a_transcript_alone_becomes_an_episode(store, add, tmp_path):
    file = tmp_path / "what_ada-said.vtt"
    file.write_bytes(VTT)
    (kept,) = add(file).kept
    assert (kept.show, kept.new) == ("files", ("files/what-ada-said",))
    assert catalogue.transcripts(store, kept.new[0])[0].format == "vtt"


def test_a_folder_becomes_a_show_and_what_cannot_be_read_is_named(store, add, tmp_path):
    folder = tmp_path / "Meet ups"
    (folder / "deep").mkdir(parents=True)
    (folder / "one.vtt").write_bytes(VTT)
    (folder / "deep" / "two.vtt").write_bytes(VTT)
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n")
    (folder / ".hidden.vtt").write_bytes(VTT)
    added = add(folder)
    (kept,) = added.kept
    assert (kept.show, kept.new) == ("meet-ups", ("meet-ups/two", "meet-ups/one"))
    assert [what for what, _ in added.failed] == [str(folder / "picture.png")]


def test_a_recording_is_copied_and_says_how_long_it_is(show, store, add, tmp_path):
    file = tmp_path / "rec.wav"
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(struct.pack("<16000h", *range(16000)))
    add(file, "episode-1")
    episode = catalogue.find_episode(store, "episode-1")
    path = audio.found(store, episode)
    assert path == store.file.parent / "audio/talk/episode-1.wav"
    assert path.read_bytes() == file.read_bytes()
    assert episode.facts.duration_seconds == 600.0  # the feed has said so
    (kept,) = add(file).kept
    assert catalogue.find_episode(store, kept.new[0]).facts.duration_seconds == 2.0
    song = tmp_path / "song"
    song.write_bytes(feeds.SONG)
    add(song, "episode-1")
    assert [file.name for file in path.parent.iterdir()] == ["episode-1.mp3"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.xml", b"", "empty"),
        ("page.html", b"<!doctype html><html><body>hi</body></html>", "web page"),
        ("words.txt", b"just words", "no kind that is known"),
        ("chapters.json", feeds.chapters(1), "chapters"),
        ("broken.json", b"{", "not JSON"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(store, add, tmp_path, name, data, said):
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(NotReadable, match=said) as problem:
        add(file)
    assert "\n" not in str(problem.value)
    assert catalogue.shows(store) == []


@pytest.mark.parametrize("what", ["nothing-here", "ftp://a.example/feed", "/nowhere/at/all"])
def test_what_is_not_there_is_refused(add, what):
    with pytest.raises(NotThere, match="neither"):
        add(what)


def test_an_address_in_the_users_network_is_refused(add):
    with pytest.raises(problems.Refused, match="--allow-host localhost"):
        add("http://localhost:1/feed")


def test_a_download_is_kept_and_found_after_a_kill_before_it_was_noted(stranger, add, store):
    feeds.publish(stranger)
    add(stranger.url("/feed"))
    web = Web(allowed=frozenset({"127.0.0.1"}))
    episode = catalogue.find_episode(store, "episode-0")
    path = audio.download(store, web, episode, progress=lambda _: None)
    assert path.name == "episode-0.mp3"
    assert path.read_bytes() == feeds.SONG
    asked = len(stranger.seen)
    # as if its process had been killed between the file and the note of it
    with store.writing() as connection:
        connection.exec_driver_sql("update episodes set audio_file = null")
    assert audio.download(store, web, episode, progress=lambda _: None) == path
    assert len(stranger.seen) == asked
    noted = catalogue.find_episode(store, "episode-0")
    assert noted.audio_file == "audio/talk/episode-0.mp3"
    path.unlink()
    assert audio.missing(store) == ["talk/episode-0"]


def test_an_episode_without_a_recording_says_how_to_give_it_one(store, add, tmp_path):
    file = tmp_path / "one.vtt"
    file.write_bytes(VTT)
    add(file)
    with pytest.raises(audio.NoRecording, match="library add FILE --episode files/one"):
        audio.download(
            store, Web(), catalogue.find_episode(store, "files/one"), progress=lambda _: None
        )
