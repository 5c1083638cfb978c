"""The stream that is watched: generated from a seed, with four known defects in it.

Encoding with PyAV and arithmetic on arrays only. A stream is a row of segments, files of their own
like those of an HTTP live stream: H.264 and PCM in Matroska, each begins with a key picture.
Everything that makes it follows from the seed; what is to be found is part of it.
"""

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from earwitness.claims.monolith.pipeline.detectors import DETECTORS, Finding
from earwitness.claims.monolith.pipeline.samples import Picture, Sound

PICTURES_PER_SECOND = 10
SOUND_HERTZ = 16_000
_KEY_SECONDS = 1
_BLACK = 16
_GREY = 128
_SHIFT = 5
"""Pixels that the texture moves with each picture."""
_LOUD = 3000.0
"""Amplitude of the sound, of 32768."""
_FLIPS = 6
"""Bits flipped in each damaged packet."""
_PARTS = 3.0
"""Seconds of the stream for each defect, which lasts two of them."""
_DEFECT_SECONDS = 2.0

Texture = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """Size and length of a stream, and of the windows in which it is watched."""

    width: int
    height: int
    windows: int
    window_seconds: float

    @property
    def seconds(self) -> float:
        """Length of the stream."""
        return self.windows * self.window_seconds


@dataclass(frozen=True)
class Stream:
    """Segments in order, and the defects that are in them."""

    segments: tuple[bytes, ...]
    defects: tuple[Finding, ...]


def generate(shape: Shape, seed: int) -> Stream:
    """A stream from a seed. ValueError when it is too short for its defects."""
    random = np.random.default_rng(seed)
    defects = _defects(shape, random)
    texture = _texture(shape, random)
    segments = tuple(
        _segment(shape, number * shape.window_seconds, defects, texture, random)
        for number in range(shape.windows)
    )
    return Stream(segments=segments, defects=tuple(sorted(defects.values())))


def _defects(shape: Shape, random: np.random.Generator) -> dict[str, Finding]:
    """One defect of every kind, in an order and at whole seconds that the seed decides."""
    if shape.seconds < _PARTS * len(DETECTORS):
        raise ValueError(f"{shape.seconds:g} s are too short for {len(DETECTORS)} defects")
    part = shape.seconds // len(DETECTORS)
    defects: dict[str, Finding] = {}
    for place, name in enumerate(random.permutation(sorted(DETECTORS)).tolist()):
        latest = int(part - _DEFECT_SECONDS)
        start = place * part + float(random.integers(0, latest, endpoint=True))
        defects[name] = (name, start, start + _DEFECT_SECONDS)
    return defects


def _texture(shape: Shape, random: np.random.Generator) -> Texture:
    """Smooth blobs, as large as the picture: coarse noise, enlarged."""
    coarse = random.uniform(40, 220, (shape.height // 20 + 1, shape.width // 20 + 1))
    fine = np.kron(coarse, np.ones((20, 20)))[: shape.height, : shape.width]
    return fine + random.normal(0, 4, fine.shape)


def _segment(
    shape: Shape,
    start: float,
    defects: dict[str, Finding],
    texture: Texture,
    random: np.random.Generator,
) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        video = container.add_stream("libx264", rate=PICTURES_PER_SECOND)
        video.width, video.height, video.pix_fmt = shape.width, shape.height, "yuv420p"
        video.codec_context.gop_size = PICTURES_PER_SECOND * _KEY_SECONDS
        video.codec_context.thread_count = 1
        video.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "20"}
        audio = container.add_stream("pcm_s16le", rate=SOUND_HERTZ, layout="mono")
        for number in range(round(shape.window_seconds * PICTURES_PER_SECOND)):
            at = start + number / PICTURES_PER_SECOND
            frame = VideoFrame.from_ndarray(_planes(_picture(texture, at, defects)), "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, PICTURES_PER_SECOND)
            damaged = _within(at, defects["corruption"])
            for packet in video.encode(frame):
                container.mux(_damaged(packet, random) if damaged else packet)
        for packet in video.encode(None):
            container.mux(packet)
        sound = av.AudioFrame.from_ndarray(_sound(shape, start, defects, random), "s16", "mono")
        sound.sample_rate, sound.pts = SOUND_HERTZ, 0
        container.mux([*audio.encode(sound), *audio.encode(None)])
    return file.getvalue()


def _within(at: float, defect: Finding) -> bool:
    """Whether a picture's time lies in the defect; times are tenths of seconds."""
    tenth = round(at * PICTURES_PER_SECOND)
    return defect[1] * PICTURES_PER_SECOND <= tenth < defect[2] * PICTURES_PER_SECOND


def _picture(texture: Texture, at: float, defects: dict[str, Finding]) -> Picture:
    if _within(at, defects["black"]):
        return np.full(texture.shape, _BLACK, np.uint8)
    if _within(at, defects["freeze"]):
        at = defects["freeze"][1]
    moved = np.roll(texture, round(at * PICTURES_PER_SECOND) * _SHIFT, axis=1)
    return np.clip(moved, _BLACK, 235).astype(np.uint8)


def _planes(luma: Picture) -> Picture:
    """Luma with colourless chroma, as PyAV wants yuv420p: rows of all planes below each other."""
    return np.vstack([luma, np.full((luma.shape[0] // 2, luma.shape[1]), _GREY, np.uint8)])


def _sound(
    shape: Shape, start: float, defects: dict[str, Finding], random: np.random.Generator
) -> Sound:
    times = start + np.arange(round(shape.window_seconds * SOUND_HERTZ)) / SOUND_HERTZ
    tone = _LOUD * np.sin(2 * np.pi * 440 * times) + random.normal(0, _LOUD / 10, times.size)
    _, silent_from, silent_to = defects["silence"]
    tone[(times >= silent_from) & (times < silent_to)] = 0
    return tone.astype(np.int16).reshape(1, -1)


def _damaged(packet: "Packet[VideoStream]", random: np.random.Generator) -> "Packet[VideoStream]":
    """The packet with a few bits flipped behind its headers; key pictures are left alone."""
    if packet.is_keyframe:
        return packet
    content = bytearray(bytes(packet))
    for place in random.integers(len(content) // 4, len(content), _FLIPS).tolist():
        content[place] ^= 1 << int(random.integers(8))
    copy: Packet[Any] = Packet(bytes(content))
    copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
    copy.duration, copy.stream = packet.duration, packet.stream
    return copy
