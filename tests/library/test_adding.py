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


def said(words):
    return VTT.replace(b"Hello there", words.encode())


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


@pytest.fixture
def taken_over(stranger, add, store):
    """The address of a show under which another one is found by now."""
    stranger.pages["/feed"] = claiming(stranger)
    add(stranger.url("/feed"))
    stranger.pages["/feed"] = claiming(stranger, guid="two", title="Casino \x1b[1mtips")
    return stranger.url("/feed")


def test_an_address_that_gives_another_show_changes_nothing(taken_over, add, store):
    before = catalogue.episodes(store)
    with pytest.raises(Claimed, match=r"another show, 'Casino .*tips'.*`--moves talk`.*`--apart`"):
        add(taken_over)
    (show,) = catalogue.shows(store)
    assert (show.facts.title, show.facts.guid) == ("Talk", "one")
    assert catalogue.episodes(store) == before


def test_the_user_may_say_that_an_address_gives_the_same_show(taken_over, add, store):
    (kept,) = add(taken_over, moves="talk").kept
    (show,) = catalogue.shows(store)
    assert (kept.show, show.facts.guid) == ("talk", "two")
    assert add(taken_over).kept[0].show == "talk"


def test_the_user_may_say_that_an_address_gives_a_show_of_its_own(taken_over, add, store, stranger):
    (kept,) = add(taken_over, apart=True).kept
    assert len(kept.new) == 2
    shows = {show.id: (show.facts.title, show.facts.feed_url) for show in catalogue.shows(store)}
    assert shows["talk"] == ("Talk", None)
    assert shows[kept.show][1] == taken_over
    assert len(catalogue.episodes(store, "talk")) == 2


def test_a_show_may_take_another_name(stranger, add, store):
    for title in ("Talk", "Talk, renamed"):
        stranger.pages["/feed"] = feeds.feed(stranger.url(""), 2, title, offers=False)
        add(stranger.url("/feed"))
    (show,) = catalogue.shows(store)
    assert (show.facts.title, show.episodes) == ("Talk, renamed", 2)


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
    (folder / "deep" / "two.vtt").write_bytes(said("two"))
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n")
    (folder / ".hidden.vtt").write_bytes(VTT)
    added = add(folder)
    (kept,) = added.kept
    assert (kept.show, kept.new) == ("meet-ups", ("meet-ups/two", "meet-ups/one"))
    assert [what for what, _ in added.failed] == [str(folder / "picture.png")]


@pytest.fixture
def shows_of_files(tmp_path):
    """A folder with two files of one name, each in a folder of its own."""
    folder = tmp_path / "fold"
    for name in ("show1", "show2"):
        (folder / name).mkdir(parents=True)
        (folder / name / "ep1.vtt").write_bytes(said(f"this is {name}"))
    return folder


def episodes(store):
    """What is said in each episode, by its title."""
    return {
        one.facts.title: [
            segment.text
            for transcript in catalogue.transcripts(store, one.id)
            for segment in catalogue.segments(store, transcript.id)
        ]
        for one in catalogue.episodes(store)
    }


def test_two_files_of_one_name_are_two_episodes(store, add, shows_of_files):
    (kept,) = add(shows_of_files).kept
    assert len(kept.new) == 2
    both = {"ep1 (show1)": ["this is show1"], "ep1 (show2)": ["this is show2"]}
    assert episodes(store) == both
    (again,) = add(shows_of_files).kept
    assert (again.new, again.changed, again.unchanged) == ((), (), 2)
    assert episodes(store) == both


def test_a_file_is_known_again_wherever_it_lies(store, add, shows_of_files, tmp_path):
    add(shows_of_files)
    for file in (shows_of_files / "show2/ep1.vtt", tmp_path / "copy.vtt"):
        file.write_bytes(said("this is show2"))
        (kept,) = add(file).kept
        assert (kept.show, kept.new, kept.unchanged) == ("fold", (), 1)
    assert len(episodes(store)) == 2


def test_a_file_that_was_edited_is_still_of_its_episode(store, add, shows_of_files):
    add(shows_of_files)
    (shows_of_files / "show1/ep1.vtt").write_bytes(said("better"))
    (kept,) = add(shows_of_files).kept
    assert (kept.new, len(kept.changed), kept.unchanged) == ((), 1, 1)
    assert episodes(store)["ep1 (show1)"] == ["better", "this is show1"]


def test_files_of_one_name_from_two_folders_are_two_episodes(store, add, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ep1.vtt").write_bytes(said(name))
        add(tmp_path / name / "ep1.vtt")
    assert len(catalogue.episodes(store)) == 2


def test_names_in_any_script_are_told_apart(store, add, tmp_path):
    for name in ("東京", "京都"):
        (tmp_path / f"{name}.vtt").write_bytes(said(name))
        add(tmp_path / f"{name}.vtt")
    assert episodes(store) == {"東京": ["東京"], "京都": ["京都"]}


def sound(file, tone):
    with wave.open(str(file), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(struct.pack("<8000h", *([tone] * 8000)))


def test_a_recording_and_a_transcript_beside_each_other_are_one_episode(store, add, tmp_path):
    folder = tmp_path / "fold"
    folder.mkdir()
    sound(folder / "ep1.wav", 1)
    (folder / "ep1.vtt").write_bytes(VTT)
    (kept,) = add(folder).kept
    assert len(kept.episodes) == 1
    (one,) = catalogue.episodes(store)
    assert audio.found(store, one) is not None
    assert catalogue.transcripts(store, one.id)


def test_recordings_are_told_apart_by_what_is_in_them(store, add, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        sound(tmp_path / name / "ep1.wav", ord(name))
        add(tmp_path / name / "ep1.wav")
    sound(tmp_path / "again.wav", ord("b"))
    (kept,) = add(tmp_path / "again.wav").kept
    assert (kept.new, kept.unchanged) == ((), 1)
    assert len(catalogue.episodes(store)) == 2


def test_an_episode_of_before_is_known_again(store, add, tmp_path):
    file = tmp_path / "ep1.vtt"
    file.write_bytes(VTT)
    (kept,) = add(file).kept
    with store.writing() as connection:  # as earlier versions marked it
        connection.exec_driver_sql("update episodes set guid = 'file:ep1.vtt'")
    (again,) = add(file).kept
    assert (again.episodes, again.new) == (kept.new, ())


def highlights(*titles):
    rows = "".join(f"Said in {title},{title},Talk,\n" for title in titles)
    return f"Highlight,Book Title,Book Author,Note\n{rows}"


def test_highlights_go_to_the_episode_of_their_title(show, store, add, tmp_path):
    file = tmp_path / "export.csv"
    file.write_text(highlights("Episode 1", "episode 0!", "Another"))
    (kept,) = add(file).kept
    assert kept.new == ("talk/another",)
    assert {one.episode for one in snip_catalogue.every(store)} == {
        *("talk/episode-1", "talk/episode-0", "talk/another"),
    }
    facts = catalogue.find_episode(store, "episode-1").facts
    assert facts.title == "Episode 1" and facts.date


def test_a_feed_finds_the_episodes_that_highlights_brought(store, add, tmp_path):
    file = tmp_path / "export.csv"
    file.write_text(highlights("Episode 1"))
    add(file)
    feed = tmp_path / "feed.xml"
    feed.write_bytes(feeds.feed("http://a.example", 2))
    for _ in range(2):
        add(feed)
        add(file)
        found = [one.id for one in catalogue.episodes(store)]
        assert sorted(found) == ["talk/episode-0", "talk/episode-1"]


def test_a_recording_is_copied_and_says_how_long_it_is(show, store, add, tmp_path):
    file = tmp_path / "rec.wav"
    with wave.open(str(file), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(struct.pack("<16000h", *range(16000)))
    add(file, "episode-1")
    episode = catalogue.find_episode(store, "episode-1")
    path = audio.found(store, episode)
    assert path == store.file.parent / "audio/talk/episode-1.wav"
    assert path.read_bytes() == file.read_bytes()
    assert episode.facts.duration_seconds == 600.0  # the feed has said so
    (again,) = add(file).kept
    assert (again.episodes, again.unchanged) == (("talk/episode-1",), 1)
    sound(tmp_path / "other.wav", 1)
    (kept,) = add(tmp_path / "other.wav").kept
    assert catalogue.find_episode(store, kept.new[0]).facts.duration_seconds == 1.0
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


@pytest.mark.parametrize(
    "what", ["nothing-here", "ftp://a.example/feed", "/nowhere/at/all", "~no-such-user/feed.xml"]
)
def test_what_is_not_there_is_refused(add, what):
    with pytest.raises(NotThere, match="neither"):
        add(what)


@pytest.mark.parametrize("what", ["", " "])
def test_nothing_is_not_the_current_folder(store, add, what, tmp_path, monkeypatch):
    (tmp_path / "one.vtt").write_bytes(VTT)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotThere, match="nothing is named"):
        add(what)
    assert catalogue.shows(store) == []


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
