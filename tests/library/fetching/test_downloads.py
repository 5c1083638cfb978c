"""Downloads from a server of our own that breaks off, changes the file, or does not know ranges."""

import os
import shutil
import subprocess
import sys
import textwrap

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.library.fetching import downloads, problems, recordings
from earwitness.library.fetching.web import Limits
from tests.library.strangers import answer

SONG = b"ID3\x04" + os.urandom(300_000)
OTHER = b"ID3\x04" + os.urandom(200_000)
ETAG = '"v1"'


def serving(song=SONG, etag=ETAG, breaks_after=(), ranges=True):
    """A page that has the song, and breaks off after so many bytes the first times."""
    breaks = list(breaks_after)

    def page(request):
        begin, status, headers = 0, 200, {"ETag": etag} if etag else {}
        wanted = request.headers.get("Range")
        if ranges and wanted and request.headers.get("If-Range") == etag:
            begin = int(wanted.removeprefix("bytes=").rstrip("-"))
            status = 206
            headers["Content_Range"] = f"bytes {begin}-{len(song) - 1}/{len(song)}"
        rest = song[begin:]
        sent = rest[: breaks.pop(0)] if breaks else rest
        answer(request, sent, status=status, Content_Length=str(len(rest)), **headers)

    return page


@pytest.fixture
def target(tmp_path):
    return tmp_path / "audio" / "talk" / "one"


@pytest.fixture
def fetch(web, stranger, target):
    def download(**options):
        return downloads.download(
            web, stranger.url("/x.exe"), target, progress=lambda _: None, **options
        )

    return download


def asked(stranger):
    return [headers.get("range") for _, headers in stranger.seen]


def test_a_recording_is_named_by_its_kind_and_not_by_its_address(stranger, target, fetch):
    stranger.pages["/x.exe"] = serving()
    path = fetch()
    assert path == target.with_name("one.mp3")
    assert path.read_bytes() == SONG
    assert list(target.parent.iterdir()) == [path]


def test_what_broke_off_is_continued_where_it_broke(stranger, fetch):
    stranger.pages["/x.exe"] = serving(breaks_after=[100_000, 50_000])
    assert fetch().read_bytes() == SONG
    assert asked(stranger) == [None, "bytes=100000-", "bytes=150000-"]


def test_a_later_call_continues_too(stranger, target, fetch):
    stranger.pages["/x.exe"] = serving(breaks_after=[70_000] * 3)
    with pytest.raises(problems.Incomplete, match="announced"):
        fetch()
    assert downloads.part_of(target).stat().st_size == 210_000
    assert fetch().read_bytes() == SONG
    assert asked(stranger)[-1] == "bytes=210000-"


def test_another_version_is_taken_from_its_start(stranger, fetch):
    stranger.pages["/x.exe"] = serving(breaks_after=[70_000] * 3)
    with pytest.raises(problems.Incomplete):
        fetch()
    stranger.pages["/x.exe"] = serving(OTHER, '"v2"')
    assert fetch().read_bytes() == OTHER


@pytest.mark.parametrize("options", [{"etag": None}, {"etag": 'W/"weak"'}, {"ranges": False}])
def test_without_a_mark_or_ranges_it_begins_anew_and_is_never_mixed(stranger, fetch, options):
    stranger.pages["/x.exe"] = serving(breaks_after=[70_000], **options)
    assert fetch().read_bytes() == SONG


def test_a_part_that_is_longer_than_the_file_is_thrown_away(stranger, target, fetch):
    stranger.pages["/x.exe"] = serving(breaks_after=[70_000] * 3)
    with pytest.raises(problems.Incomplete):
        fetch()

    def refuses(request):
        if request.headers.get("Range"):
            answer(request, status=416)
        else:
            serving(OTHER)(request)

    stranger.pages["/x.exe"] = refuses
    assert fetch().read_bytes() == OTHER


def test_a_part_that_is_complete_needs_no_request(stranger, target, fetch):
    target.parent.mkdir(parents=True)
    downloads.part_of(target).write_bytes(SONG)
    note = downloads.Part(url=stranger.url("/x.exe"), validator=ETAG, length=len(SONG))
    target.with_name("one.part.json").write_bytes(msgspec.json.encode(note))
    assert fetch().read_bytes() == SONG
    assert stranger.seen == []


def test_a_page_instead_of_a_recording_is_refused_at_once(stranger, target, fetch, waits):
    stranger.pages["/x.exe"] = lambda request: answer(
        request, b"<!doctype html>" + bytes(100), Content_Type="text/html; charset=utf-8"
    )
    with pytest.raises(problems.Incomplete, match="is no recording but text/html"):
        fetch()
    assert waits == []


def test_a_recording_that_is_too_big_is_refused(stranger, fetch):
    stranger.pages["/x.exe"] = serving()
    with pytest.raises(problems.TooBig):
        fetch(limits=Limits(bytes=1000))


@given(st.binary(max_size=80))
def test_anything_is_a_known_kind_or_none(first):
    kind = recordings.suffix(first)
    assert kind is None or kind.isalnum()


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (b"ID3\x04", "mp3"),
        (b"\xff\xfb\x90\x64", "mp3"),
        (b"\xff\xf1\x50", "aac"),
        (b"\0\0\0\x20ftypM4A ", "m4a"),
        (b"\0\0\0\x20ftypisom", "mp4"),
        (b"RIFF\0\0\0\0WAVEfmt ", "wav"),
        (b"OggS", "ogg"),
        ("WEBVTT".encode("utf-16"), None),
        ("WEBVTT".encode("utf-16-be"), None),
        (b"<!doctype html>", None),
        (b"", None),
    ],
)
def test_kinds_are_told_by_the_first_bytes(first, kind):
    assert recordings.suffix(first) == kind


FULL = textwrap.dedent(
    """
    import pathlib, sys
    from earwitness.library.fetching import downloads, problems
    from earwitness.library.fetching.web import Web
    url, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    web = Web(allowed=frozenset({"127.0.0.1"}))
    ballast = folder / "ballast"
    for told in (True, False):
        try:
            path = url + ("/told" if told else "/untold")
            downloads.download(web, path, folder / "audio/one", progress=lambda _: None)
        except problems.NoSpace as problem:
            print(problem)
    assert downloads.part_of(folder / "audio/one").stat().st_size > 100_000
    ballast.unlink()
    print(downloads.download(web, url + "/untold", folder / "audio/one", progress=print).name)
    """
)


@pytest.mark.skipif(shutil.which("unshare") is None, reason="util-linux's unshare is missing")
def test_a_full_disk_is_named_and_the_download_goes_on_once_there_is_space(stranger, tmp_path):
    own_namespace = ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*own_namespace, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine grants no mount namespace of our own")
    song = b"ID3\x04" + bytes(600_000)

    def untold(request):
        # the length is not announced at first: the disk fills up in the middle
        begin = int((request.headers.get("Range") or "bytes=0-")[6:-1])
        request.send_response(206 if begin else 200)
        request.send_header("ETag", ETAG)
        if begin:
            request.send_header("Content-Range", f"bytes {begin}-{len(song) - 1}/{len(song)}")
        request.end_headers()
        request.wfile.write(song[begin:])

    stranger.pages |= {"/told": serving(song), "/untold": untold}
    mount = (
        f"mount -t tmpfs -o size=1m none {tmp_path} && head -c 600k /dev/zero > {tmp_path}/ballast"
    )
    arguments = [sys.executable, FULL, stranger.url(""), str(tmp_path)]
    done = subprocess.run(
        [*own_namespace, "sh", "-c", f'{mount} && exec "$0" -c "$@"', *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told, untold, *_, name = done.stdout.splitlines()
    assert "bytes more and" in told
    assert "is full" in untold
    assert name == "one.mp3"
