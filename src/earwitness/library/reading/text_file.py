"""Bytes of a text file as text: by its mark, by what XML declares, as UTF-8, else as Windows-1252.

What is larger than its reader takes in within a second and 200 MB is refused here.
"""

import codecs
import re
from typing import Any

import msgspec

from earwitness.library.intake import NotReadable

_MEGABYTE = 1024 * 1024
LARGEST_BYTES = 20 * _MEGABYTE
"""What is read of a feed; the largest have about half."""
LARGEST_DOCUMENT = 5 * _MEGABYTE
"""What is read of anything else; a transcript of a day of speech has three."""
LARGEST_PROSE = 2 * _MEGABYTE
"""What is read of a page or of Markdown, which take longer; a book has half."""
MOST_VALUES = 1_000_000
"""In a document of JSON; a transcript of ten hours with a value for each word has half."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_TEXT_CODECS = re.compile(
    r"(utf|iso|latin|windows|cp|us-?ascii|ascii|koi8|big5|gb|euc|shift|mac)", re.IGNORECASE
)


def decoded(data: bytes, most: int = LARGEST_DOCUMENT) -> str:
    """The text. Raises NotReadable when it has more bytes than that."""
    return decoding(data, most)[0]


def json(data: bytes) -> Any:
    """The value that a document of JSON has. Raises NotReadable."""
    text = decoded(data)
    if text.count(",") > MOST_VALUES:
        raise NotReadable(f"has more than {MOST_VALUES} values")
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotReadable(f"not JSON: {error}") from error


def decoding(data: bytes, most: int) -> tuple[str, str | None]:
    """The text, and what was wrong with its encoding; None when nothing was."""
    if len(data) > most:
        size = most // _MEGABYTE
        raise NotReadable(f"larger than {size} MB, which is more than is read of one document")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace").removeprefix("\ufeff"), None
    declared = _declared(data)
    try:
        return data.decode(declared or "utf-8"), None
    except (UnicodeDecodeError, LookupError):
        pass
    try:
        return data.decode("utf-8"), f"says {declared}, but is UTF-8"
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return text, f"is not {declared or 'UTF-8'}; read as Windows-1252"


def without_declaration(text: str) -> str:
    """XML or HTML as text cannot declare an encoding any more."""
    return _DECLARATION.sub("", text, count=1)


def _declared(data: bytes) -> str | None:
    if data[:4] in {b"<\x00?\x00", b"\x00<\x00?"}:
        return "utf-16-le" if data[0] else "utf-16-be"
    match = _DECLARED.match(data[:512])
    name = match[1].decode("ascii") if match else None
    # Python has codecs that are no encodings of text
    return name if name and _TEXT_CODECS.match(name) else None
