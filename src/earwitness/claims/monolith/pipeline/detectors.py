"""The four detectors, and how what they find in windows becomes ranges of the stream.

Pure. Every detector says for each cell of a window whether its defect is there; the same functions
run in the one process and in the steps. Thresholds are far from what ordinary content does; they
are for the test stream's defects and claim no quality on others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby, pairwise

import numpy as np
import numpy.typing as npt

from .samples import Picture, Sound, Window

Flags = npt.NDArray[np.bool_]
Range = tuple[float, float]
"""From and to, in seconds of the stream."""
Finding = tuple[str, float, float]
"""A defect by its detector's name, from and to in seconds of the stream."""

_DARK = 32
"""Luma: a tenth of the way from black (16) to white (235), as ffmpeg's blackdetect has it."""
_DARK_SHARE = 0.98
"""Of the pixels; blackdetect's default for a black picture."""
_STILL = 1.5
"""Mean absolute difference of luma between two pictures that count as the same: coding noise."""
_QUIET = 32768 * 10 ** (-60 / 20)
"""Root mean square of 16-bit sound: 60 dB below full scale, silencedetect's default."""
_DIGITS = 6
"""Decimal places to which times are compared."""


def black(pictures: Sequence[Picture]) -> Flags:
    """Whether nearly every pixel is dark."""
    return np.array([(p <= _DARK).mean() >= _DARK_SHARE for p in pictures], dtype=bool)


def freeze(pictures: Sequence[Picture]) -> Flags:
    """Whether a picture is the same as its neighbour before or after."""
    still = np.array(
        [
            np.abs(a.astype(np.int16) - b.astype(np.int16)).mean() <= _STILL
            for a, b in pairwise(pictures)
        ],
        dtype=bool,
    )
    flags: Flags = np.append(still, False) | np.insert(still, 0, False)
    return flags


def silence(sound: Sound, cells: int) -> Flags:
    """Whether the sound of each of so many cells is below the threshold."""
    usable = sound[: sound.size - sound.size % cells].reshape(cells, -1).astype(np.float64)
    flags: Flags = np.sqrt((usable**2).mean(axis=1)) <= _QUIET
    return flags


def corruption(damaged: Sequence[bool]) -> Flags:
    """Whether the decoder complained."""
    return np.array(damaged, dtype=bool)


DETECTORS: Mapping[str, Callable[[Window], Flags]] = {
    "black": lambda window: black(window.pictures),
    "freeze": lambda window: freeze(window.pictures),
    "silence": lambda window: silence(window.sound, len(window.pictures)),
    "corruption": lambda window: corruption(window.damaged),
}
"""All of them, by the name of the defect."""


def findings(name: str, flags: Flags, start: float, cell: float) -> list[Finding]:
    """Runs of flagged cells as ranges of the stream."""
    found, at = [], 0
    for flagged, run in groupby(flags.tolist()):
        length = len(list(run))
        if flagged:
            ends = (start + at * cell, start + (at + length) * cell)
            found.append((name, round(ends[0], _DIGITS), round(ends[1], _DIGITS)))
        at += length
    return found


def joined(found: Iterable[Finding]) -> list[Finding]:
    """The findings of all windows as those of the stream, in order.

    Ranges that touch become one. What is black does not move and is no freeze; what the decoder
    calls corrupt proves nothing of one either.
    """
    ranges: dict[str, list[Range]] = {}
    for name, start, end in sorted(found):
        own = ranges.setdefault(name, [])
        if own and start <= own[-1][1]:
            own[-1] = (own[-1][0], max(own[-1][1], end))
        else:
            own.append((start, end))
    explained = ranges.get("black", []) + ranges.get("corruption", [])
    if "freeze" in ranges:
        ranges["freeze"] = _without(ranges["freeze"], explained)
    return sorted((name, start, end) for name, own in ranges.items() for start, end in own)


def _without(ranges: Iterable[Range], others: Iterable[Range]) -> list[Range]:
    """What is left of ``ranges`` outside ``others``."""
    left = list(ranges)
    for low, high in others:
        pieces = [piece for s, e in left for piece in ((s, min(e, low)), (max(s, high), e))]
        left = [(start, end) for start, end in pieces if start < end]
    return left
