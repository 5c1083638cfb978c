"""What the steps hand to each other: a window as objects in a store, and back.

Either one object for each picture, one for the sound and one for the decoder's report, or a single
object with everything. Pictures are lossless PNG, so that steps see exactly what the one process
sees. Which requests are made is the point here; nothing is cached and nothing asked twice.
"""

import io
import json
import os
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, Literal

import av
import boto3
import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from botocore.config import Config

from .samples import Picture, Sound, Window


@cache
def client() -> Any:
    """The object store, at the address that the function's environment names."""
    return boto3.client(
        "s3",
        endpoint_url=os.environ["OBJECT_STORE"],
        config=Config(
            request_checksum_calculation="when_required",
            retries={"total_max_attempts": 1},  # a request that is made twice would be paid twice
            proxies={},
        ),
    )


@dataclass(frozen=True)
class Shelf:
    """Where a window lies in the store, and in which form."""

    bucket: str
    prefix: str
    together: bool
    """Whether all of it is one object."""
    cells: int

    def put(self, window: Window) -> None:
        """Store a window."""
        if self.together:
            bundle = io.BytesIO()
            damaged = np.array(window.damaged)
            np.savez(bundle, *window.pictures, sound=window.sound, damaged=damaged)
            self._put("window.npz", bundle.getvalue())
            return
        for number, picture in enumerate(window.pictures):
            self._put(f"{number}.png", encoded(picture))
        self._put("sound.pcm", window.sound.tobytes())
        self._put("report.json", json.dumps(window.damaged).encode())

    def pictures(self) -> list[Picture]:
        """Fetch the pictures."""
        if self.together:
            bundle = self._bundle()
            return [bundle[f"arr_{number}"] for number in range(self.cells)]
        return [decoded(self._get(f"{number}.png")) for number in range(self.cells)]

    def sound(self) -> Sound:
        """Fetch the sound."""
        if self.together:
            sound: Sound = self._bundle()["sound"]
            return sound
        return np.frombuffer(self._get("sound.pcm"), np.int16)

    def damaged(self) -> list[bool]:
        """Fetch the decoder's report."""
        if self.together:
            return list(self._bundle()["damaged"])
        return list(json.loads(self._get("report.json")))

    def put_result(self, result: Any) -> None:
        """Store what was found in the window."""
        self._put("result.json", json.dumps(result).encode())

    def _bundle(self) -> Any:
        return np.load(io.BytesIO(self._get("window.npz")))

    def _put(self, name: str, content: bytes) -> None:
        client().put_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}", Body=content)

    def _get(self, name: str) -> bytes:
        answer = client().get_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}")
        content: bytes = answer["Body"].read()
        return content


def encoded(picture: Picture) -> bytes:
    """A picture as PNG, lossless."""
    context = _context("w")
    context.height, context.width = picture.shape
    context.pix_fmt = "gray"
    context.time_base = Fraction(1, 1)
    frame = VideoFrame.from_ndarray(picture, format="gray")
    packets = [*context.encode(frame), *context.encode(None)]
    return b"".join(bytes(packet) for packet in packets)


def decoded(content: bytes) -> Picture:
    """The picture in a PNG."""
    context = _context("r")
    frames = [*context.decode(Packet(content)), *context.decode(None)]
    picture: Picture = frames[0].to_ndarray().astype(np.uint8)
    return picture


def _context(mode: Literal["r", "w"]) -> VideoCodecContext:
    context = av.CodecContext.create("png", mode)
    context.thread_count = 1
    return context
