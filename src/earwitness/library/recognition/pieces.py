"""Cuts a recording into pieces of some minutes, without decoding it.

A piece is a file of its own kind with the same sound. WAV is cut between samples, MP3 between frames
(ISO 11172-3): the decoder of a piece lacks what the frame before had left over for its first one,
some 26 ms of sound. Any other kind is one piece. Pieces are told by the bytes they are made of, so
that the same recording is cut the same way every time.
"""

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from earwitness.library.fetching import recordings

SECONDS = 600.0
"""How long a piece is: far below the 25 MB that services take, and not much is lost with one."""

_BIT_RATES = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Kilobits a second of the third layer, by index, of MPEG 1 and of MPEG 2 and 2.5."""
_SAMPLE_RATES = {
    0b11: (44100, 48000, 32000),
    0b10: (22050, 24000, 16000),
    0b00: (11025, 12000, 8000),
}
"""By the bits of the version: MPEG 1, 2 and 2.5."""
_MPEG_1 = 0b11
_THIRD_LAYER = 0b01
_FRAME_SAMPLES = {1: 1152, 2: 576}
_ID3_HEADER = 10
_RESYNC_LIMIT = 64 * 1024
"""Bytes that are looked through for the next frame where something else stands between two."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a recording."""

    start_seconds: float
    seconds: float
    """0 where it is the whole of a recording of unknown length."""
    begin: int
    """First of its bytes, or of its samples in a WAV file."""
    end: int | None
    """The one behind its last; None: it is the whole recording."""


@dataclass(frozen=True)
class Frame:
    """A frame of MP3."""

    size: int
    """In bytes, header included."""
    seconds: float


def cut(audio: Path, seconds: float = SECONDS) -> tuple[Piece, ...]:
    """The pieces of a recording, in order; one where it cannot be cut."""
    with audio.open("rb") as file:
        suffix = recordings.suffix(file.read(recordings.FIRST_BYTES))
    found: tuple[Piece, ...] = ()
    if suffix == "wav":
        found = tuple(_wav_pieces(audio, seconds))
    elif suffix == "mp3":
        found = tuple(_mp3_pieces(audio.read_bytes(), seconds))
    return found or (Piece(start_seconds=0.0, seconds=0.0, begin=0, end=None),)


def write(audio: Path, piece: Piece, to: Path) -> None:
    """Write a piece as a file of its own; a piece that is the whole needs no file."""
    assert piece.end is not None
    with audio.open("rb") as file:
        if recordings.suffix(file.read(recordings.FIRST_BYTES)) != "wav":
            file.seek(piece.begin)
            to.write_bytes(file.read(piece.end - piece.begin))
            return
    with wave.open(str(audio)) as source, wave.open(str(to), "wb") as target:
        target.setparams(source.getparams())
        source.setpos(piece.begin)
        target.writeframes(source.readframes(piece.end - piece.begin))


def frame_at(data: bytes, place: int) -> Frame | None:
    """The MP3 frame that begins there; None when there is none."""
    header = int.from_bytes(data[place : place + 4], "big")
    version, layer = (header >> 19) & 0b11, (header >> 17) & 0b11
    rate, sampling = (header >> 12) & 0b1111, (header >> 10) & 0b11
    if header >> 21 != 0x7FF or layer != _THIRD_LAYER or version not in _SAMPLE_RATES:
        return None
    if rate in (0, 0b1111) or sampling == 0b11:
        return None
    generation = 1 if version == _MPEG_1 else 2
    samples, hertz = _FRAME_SAMPLES[generation], _SAMPLE_RATES[version][sampling]
    padding = (header >> 9) & 1
    size = samples // 8 * _BIT_RATES[generation][rate] * 1000 // hertz + padding
    return Frame(size=size, seconds=samples / hertz)


def _wav_pieces(audio: Path, seconds: float) -> Iterator[Piece]:
    try:
        with wave.open(str(audio)) as file:
            hertz, samples = file.getframerate(), file.getnframes()
    except (wave.Error, EOFError):
        return  # not plain samples; the engine may know it
    step = max(1, int(seconds * hertz))
    for begin in range(0, samples, step):
        end = min(begin + step, samples)
        yield Piece(
            start_seconds=begin / hertz, seconds=(end - begin) / hertz, begin=begin, end=end
        )


def _mp3_pieces(data: bytes, seconds: float) -> Iterator[Piece]:
    place = begin = _behind_id3(data)
    start, here = 0.0, 0.0
    while (place := _next_frame(data, place)) < len(data):
        frame = frame_at(data, place)
        assert frame is not None
        if here - start >= seconds:
            yield Piece(start_seconds=start, seconds=here - start, begin=begin, end=place)
            begin, start = place, here
        place += frame.size
        here += frame.seconds
    if here > start:
        yield Piece(start_seconds=start, seconds=here - start, begin=begin, end=len(data))


def _next_frame(data: bytes, place: int) -> int:
    """Where the next frame begins, at this place or behind it; the end when there is none."""
    for candidate in range(place, min(place + _RESYNC_LIMIT, len(data) - 4)):
        frame = frame_at(data, candidate)
        if frame is None:
            continue
        behind = candidate + frame.size
        # two in a row, or the last: a frame's sync stands inside of sound by chance as well
        if candidate == place or behind >= len(data) or frame_at(data, behind) is not None:
            return candidate
    return len(data)


def _behind_id3(data: bytes) -> int:
    """Where the sound begins: an ID3v2 tag has its length in 7 bits of each of four bytes."""
    if data[:3] != b"ID3":
        return 0
    length = 0
    for byte in data[6:_ID3_HEADER]:
        length = length << 7 | byte & 0x7F
    return _ID3_HEADER + length
