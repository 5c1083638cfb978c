"""What kind of recording a file is, told by its first bytes. Pure.

The name that a feed gives a file says nothing here: it is written by a stranger.
"""

FIRST_BYTES = 64
"""How many bytes of a file are enough."""

_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
_BY_BEGINNING = (
    (b"ID3", "mp3"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"\x1a\x45\xdf\xa3", "webm"),  # Matroska as well
    (b".snd", "au"),
)
_MPEG_SYNC = 0xFFE0
_BY_LAYER = {0b00: "aac", 0b01: "mp3", 0b10: "mp2"}
"""Layers of MPEG frames; none is AAC in ADTS frames. The first layer is in no use, and would be how
a text in UTF-16 begins."""


def suffix(first: bytes) -> str | None:
    """The usual suffix of a file that begins so; None: it is no recording."""
    for beginning, name in _BY_BEGINNING:
        if first.startswith(beginning):
            return name
    if first[:4] == b"RIFF" and first[8:12] == b"WAVE":
        return "wav"
    if first[:4] == b"FORM" and first[8:11] == b"AIF":
        return "aiff"
    if first[4:8] == b"ftyp":
        return "m4a" if first[8:12] in _AUDIO_BRANDS else "mp4"
    if len(first) >= 2 and int.from_bytes(first[:2], "big") & _MPEG_SYNC == _MPEG_SYNC:
        return _BY_LAYER.get((first[1] >> 1) & 0b11)
    return None
