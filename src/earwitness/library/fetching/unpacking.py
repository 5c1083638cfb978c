"""Content codings of HTTP taken off, within a limit.

Pure: bytes in, bytes out. A body that unpacks to more than its limit is refused before it is in
memory, and one that ends before its own end is told from one that is whole.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator

from earwitness.library.fetching.problems import Incomplete, TooBig

ACCEPTED = "gzip, deflate"
_GZIP = 16 + zlib.MAX_WBITS
_STEP = 64 * 1024
"""Bytes that are unpacked at a time."""
_MOST_PARTS = 1000
"""Of one body. Empty ones cost 20 bytes on the wire, and time here."""
_ZLIB_METHOD = 8
_ZLIB_CHECK = 31

_Opener = Callable[[bytes], "zlib._Decompress"]


def unpacked(pieces: Iterable[bytes], coding: str, most: int) -> Iterator[bytes]:
    """The content of a body with this ``Content-Encoding``. Raises TooBig and Incomplete."""
    match coding.strip().lower():
        case "" | "identity":
            yield from pieces
        case "gzip" | "x-gzip":
            yield from _inflated(pieces, most, lambda _first: zlib.decompressobj(_GZIP))
        case "deflate":
            yield from _inflated(pieces, most, _deflate)
        case other:
            raise Incomplete(f"the answer is packed as {other[:40]!r}, which was not asked for")


def _inflated(pieces: Iterable[bytes], most: int, opener: _Opener) -> Iterator[bytes]:
    inflater: zlib._Decompress | None = None
    made = parts = 0
    try:
        for piece in pieces:
            waiting = piece
            while waiting:
                if inflater is None or inflater.eof:  # gzip files may follow each other
                    inflater, parts = opener(waiting), parts + 1
                    if parts > _MOST_PARTS:
                        raise TooBig(f"it is packed in more than {_MOST_PARTS} parts")
                out = inflater.decompress(waiting, _STEP)
                made += len(out)
                if made > most:
                    raise TooBig(f"unpacked it is larger than {most} bytes")
                if out:
                    yield out
                waiting = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    except zlib.error as problem:
        raise Incomplete(f"the answer cannot be unpacked: {problem}") from None
    if inflater is not None and not inflater.eof:
        raise Incomplete("the packed answer ends before its end")


def _deflate(first: bytes) -> "zlib._Decompress":
    """As the standard has it, inside zlib's wrapping, or bare, as some servers send it."""
    header = int.from_bytes(first[:2], "big")
    wrapped = first[0] & 0x0F == _ZLIB_METHOD and header % _ZLIB_CHECK == 0
    return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
