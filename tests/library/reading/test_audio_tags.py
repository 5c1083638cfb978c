"""Chapters and lengths out of recordings that are made here, byte by byte, and tagged by mutagen."""

import struct
from pathlib import Path

import pytest
from mutagen.flac import FLAC
from mutagen.id3 import CHAP, CTOC, ID3, TALB, TDRC, TIT2, TPE1, WXXX, CTOCFlags

from earwitness.library.intake import NotReadable
from earwitness.library.reading import audio_tags

MP3_FRAME = b"\xff\xfb\x90\x64" + bytes(413)
"""One silent frame of MPEG 1 layer III: 128 kbit/s, 44.1 kHz, 1152 samples."""


def mp3(path: Path) -> Path:
    path.write_bytes(MP3_FRAME * 100)
    tags = ID3()
    tags.add(TIT2(text="Queues"))
    tags.add(TALB(text="A Show"))
    tags.add(TPE1(text="Ann"))
    tags.add(TDRC(text="2024-03-05"))
    for number, (start, end, title) in enumerate([(0, 1000, "Intro"), (1000, 2000, "Middle")]):
        inner = [TIT2(text=title), WXXX(desc="", url="https://a.example/")]
        tags.add(CHAP(element_id=f"c{number}", start_time=start, end_time=end, sub_frames=inner))
    tags.add(CHAP(element_id="hidden", start_time=500, end_time=500, sub_frames=[]))
    tags.add(
        CTOC(
            element_id="toc",
            flags=CTOCFlags.TOP_LEVEL | CTOCFlags.ORDERED,
            child_element_ids=["c0", "c1"],
            sub_frames=[],
        )
    )
    tags.save(path)
    return path


def test_mp3(tmp_path: Path) -> None:
    recording = audio_tags.read(mp3(tmp_path / "a.mp3"))
    assert (recording.title, recording.show, recording.author) == ("Queues", "A Show", "Ann")
    assert recording.date == "2024-03-05"
    assert recording.duration_seconds == pytest.approx(100 * 1152 / 44_100, rel=0.02)
    assert [
        (one.start_seconds, one.end_seconds, one.title, one.url, one.listed)
        for one in recording.chapters
    ] == [
        (0, 1, "Intro", "https://a.example/", True),
        (0.5, None, "", None, False),
        (1, 2, "Middle", "https://a.example/", True),
    ]


def flac(path: Path) -> Path:
    samples = 44_100 * 3
    block = struct.pack(">HH", 4096, 4096) + bytes(6)
    block += ((44_100 << 44) | (0 << 41) | (15 << 36) | samples).to_bytes(8, "big") + bytes(16)
    path.write_bytes(b"fLaC" + b"\x80" + len(block).to_bytes(3, "big") + block)
    file = FLAC(path)
    file.update(
        {
            "TITLE": "Queues",
            "ALBUM": "A Show",
            "CHAPTER000": "00:00:00.000",
            "CHAPTER000NAME": "Intro",
            "CHAPTER001": "00:00:01.500",
            "CHAPTER001NAME": "Middle",
            "CHAPTER001URL": "javascript:alert(1)",
        }
    )
    file.save()
    return path


def test_flac(tmp_path: Path) -> None:
    recording = audio_tags.read(flac(tmp_path / "a.flac"))
    assert (recording.title, recording.show, recording.duration_seconds) == ("Queues", "A Show", 3)
    assert [(one.start_seconds, one.title, one.url) for one in recording.chapters] == [
        (0, "Intro", None),
        (1.5, "Middle", None),
    ]


def atom(name: bytes, *inner: bytes) -> bytes:
    body = b"".join(inner)
    return struct.pack(">I", len(body) + 8) + name + body


def m4a(path: Path) -> Path:
    """The least that mutagen takes for MP4: a header of the movie, one audio track, Nero's chapters."""
    mvhd = atom(b"mvhd", bytes(12), struct.pack(">II", 1000, 4000), bytes(80))
    mdhd = atom(b"mdhd", bytes(12), struct.pack(">II", 1000, 4000), bytes(4))
    hdlr = atom(b"hdlr", bytes(8), b"soun", bytes(13))
    stsd = atom(b"stsd", bytes(4), struct.pack(">I", 0))
    track = atom(b"trak", atom(b"mdia", mdhd, hdlr, atom(b"minf", atom(b"stbl", stsd))))
    listed = b"".join(
        struct.pack(">QB", seconds * 10_000_000, len(title)) + title
        for seconds, title in [(0, b"Intro"), (2, b"Middle ")]
    )
    chpl = atom(b"chpl", b"\x01\x00\x00\x00", bytes(4), b"\x02", listed)
    moov = atom(b"moov", mvhd, track, atom(b"udta", chpl))
    path.write_bytes(atom(b"ftyp", b"M4A ", bytes(4)) + moov)
    return path


def test_m4a(tmp_path: Path) -> None:
    recording = audio_tags.read(m4a(tmp_path / "a.m4a"))
    assert recording.duration_seconds == 4
    assert [(one.start_seconds, one.title) for one in recording.chapters] == [
        (0, "Intro"),
        (2, "Middle"),
    ]


def test_recordings_are_known_by_how_they_begin(tmp_path: Path) -> None:
    for made in (mp3(tmp_path / "1"), flac(tmp_path / "2"), m4a(tmp_path / "3")):
        assert audio_tags.looks_like_one(made.read_bytes()[:16])
    assert not audio_tags.looks_like_one(b"<rss></rss>")


@pytest.mark.parametrize(
    "data", [b"", b"no sound", b"ID3\x04\x00\x00\xff\xff\xff\xff", b"fLaC\x80"]
)
def test_what_is_no_recording_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(data)
    with pytest.raises(NotReadable, match=r"a\.mp3"):
        audio_tags.read(path)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        audio_tags.read(tmp_path / "a.mp3")
