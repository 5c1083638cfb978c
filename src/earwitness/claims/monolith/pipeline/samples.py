"""A window of a stream, decoded and sampled: what detectors look at.

Decoding only, with PyAV and from bytes to arrays; no detector and no network stands here. A window
is cut into cells of equal length, each with one picture, its sound, and whether the decoder
complained. The decoder has one thread: with several, which pictures it calls corrupt varies.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt
from av.error import InvalidDataError
from av.video.frame import VideoFrame

Picture = npt.NDArray[np.uint8]
Sound = npt.NDArray[np.int16]

_EARLY_SECONDS = 1e-3
"""Time stamps of a container are rounded; a picture this much early belongs to its cell."""


@dataclass(frozen=True)
class Window:
    """Cells of a stream, in time order."""

    start: float
    """Seconds of the stream at which the first cell begins."""
    cell: float
    """Seconds of a cell."""
    pictures: tuple[Picture, ...]
    """The luma of the first picture of each cell: height x width, 16 is black, 235 white."""
    sound: Sound
    """One channel, all cells one after the other."""
    damaged: tuple[bool, ...]
    """Whether the decoder reported a picture of the cell as corrupt, or could not decode it."""
    decoded: int
    """Pictures that were decoded, sampled or not."""


def sample(segment: bytes, start: float, seconds: float, per_second: int) -> Window:
    """Decode a segment of a stream, a file of its own, and sample it.

    ``start``: where it stands in the stream; ``seconds``: its length; ``per_second``: cells.
    ValueError when a cell has neither a picture nor a complaint of the decoder.
    """
    count = round(seconds * per_second)
    pictures: list[Picture | None] = [None] * count
    damaged = [False] * count
    decoded = 0
    for time, frame in _frames(segment):
        cell = min(int((time + _EARLY_SECONDS) * per_second), count - 1)
        damaged[cell] |= frame is None or frame.is_corrupt
        if frame is not None:
            decoded += 1
            if pictures[cell] is None:
                pictures[cell] = _luma(frame)
    return Window(
        start=start,
        cell=1 / per_second,
        pictures=_without_holes(pictures, damaged),
        sound=_sound(segment),
        damaged=tuple(damaged),
        decoded=decoded,
    )


def _frames(segment: bytes) -> Iterator[tuple[float, VideoFrame | None]]:
    """Pictures with their time in the segment; None for a packet that cannot be decoded."""
    with av.open(io.BytesIO(segment), "r") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for packet in container.demux(stream):
            try:
                for frame in packet.decode():
                    yield float(frame.time or 0.0), frame
            except InvalidDataError:
                at = packet.pts or 0
                yield float(at * stream.time_base) if stream.time_base else 0.0, None


def _luma(frame: VideoFrame) -> Picture:
    plane = frame.planes[0]
    rows = np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def _without_holes(pictures: list[Picture | None], damaged: list[bool]) -> tuple[Picture, ...]:
    """For a cell whose pictures were all lost, the picture before it: what a viewer sees."""
    whole: list[Picture] = []
    known = [picture for picture in pictures if picture is not None]
    if not known:
        raise ValueError("the segment has no picture that can be decoded")
    for cell, picture in enumerate(pictures):
        if picture is None and not damaged[cell]:
            raise ValueError(f"cell {cell} of the segment has no picture")
        before = whole[-1] if whole else known[0]
        whole.append(before if picture is None else picture)
    return tuple(whole)


def _sound(segment: bytes) -> Sound:
    with av.open(io.BytesIO(segment), "r") as container:
        parts = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    return np.concatenate(parts).astype(np.int16)
