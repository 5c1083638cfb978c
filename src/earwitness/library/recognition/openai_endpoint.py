"""Recognition by a server that speaks OpenAI's interface: ``POST .../audio/transcriptions``.

The server is the user's own choice (one on this machine or a service), so it may be anywhere; it is
not followed elsewhere. The key comes from the environment or from a file that only its owner can
read, and goes to this server only.
"""

import http.client
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from earwitness.library.fetching import addresses, fetcher, recordings
from earwitness.library.fetching.problems import NotAnAddress
from earwitness.library.intake import Segment
from earwitness.library.recognition.engine import Heard, NoEngine, NotRecognised, Progress

ADDRESS = "EARWITNESS_RECOGNITION_URL"
MODEL = "EARWITNESS_RECOGNITION_MODEL"
KEY = "EARWITNESS_RECOGNITION_KEY"
KEY_FILE = "EARWITNESS_RECOGNITION_KEY_FILE"

_USUAL_MODEL = "whisper-1"
_SECONDS = 1800.0
"""How long a piece may take: a slow machine hears ten minutes in half an hour."""
_LARGEST_ANSWER = 64 * 1024 * 1024
_STEP = 64 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class _Part(msgspec.Struct):
    """A segment of the answer."""

    start: float
    end: float
    text: str


class _Answer(msgspec.Struct):
    """The answer in its ``verbose_json`` form."""

    text: str = ""
    language: str | None = None
    segments: list[_Part] | None = None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A server to which pieces are sent."""

    url: str
    """With the version, as ``http://localhost:8000/v1``."""
    model: str
    key: str | None
    name: str = "endpoint"

    def hear(self, audio: Path, progress: Progress) -> Heard:
        """Send the file, and wait for its text."""
        data = self._post(audio)
        progress(1.0)
        try:
            answer = msgspec.json.decode(data, type=_Answer)
        except msgspec.DecodeError as problem:
            raise NotRecognised(f"the answer of {self.url} is not understood: {problem}") from None
        if answer.segments is None:
            raise NotRecognised(
                f"{self.url} sent a text without times: it does not know verbose_json"
            )
        return Heard(
            segments=tuple(
                Segment(text=part.text.strip(), start_seconds=part.start, end_seconds=part.end)
                for part in answer.segments
                if part.text.strip()
            ),
            language=answer.language,
        )

    def _post(self, audio: Path) -> bytes:
        origin = fetcher.origin_of(self.url)
        form = _Form(audio, {"model": self.model, "response_format": "verbose_json"})
        headers = {"Content-Type": form.type, "Content-Length": str(form.length())}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        kind = (
            http.client.HTTPSConnection if origin.scheme == "https" else http.client.HTTPConnection
        )
        connection = kind(origin.host, origin.port, timeout=_SECONDS)
        try:
            path = urlsplit(self.url).path.rstrip("/") + "/audio/transcriptions"
            connection.request("POST", path, body=form.pieces(), headers=headers)
            response = connection.getresponse()
            data = response.read(_LARGEST_ANSWER)
        except (OSError, http.client.HTTPException) as problem:
            why = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
            raise NotRecognised(f"{self.url} cannot be asked: {why}") from None
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            raise NotRecognised(f"{self.url} answers {response.status}{_reason(data)}")
        return data


def chosen() -> str:
    """The model and the server that the environment names. Raises NoEngine."""
    endpoint = open_engine()
    return f"{endpoint.model} at {endpoint.url}"


def open_engine() -> Endpoint:
    """The endpoint that the environment names. Raises NoEngine."""
    url = os.environ.get(ADDRESS)
    if not url:
        raise NoEngine(f"set {ADDRESS} to the address of a server, as http://localhost:8000/v1")
    key = _key()
    try:
        origin = fetcher.origin_of(url)
    except NotAnAddress as problem:
        raise NoEngine(f"{ADDRESS}: {problem}") from None
    if key is not None and origin.scheme != "https" and not addresses.is_here(origin.host):
        raise NoEngine(f"{ADDRESS} has to be https where a key is sent, or on this machine")
    return Endpoint(url=url.rstrip("/"), model=os.environ.get(MODEL) or _USUAL_MODEL, key=key)


class _Form:
    """A form with a file (RFC 7578), made while it is sent."""

    def __init__(self, audio: Path, fields: dict[str, str]) -> None:
        self._audio = audio
        self._mark = secrets.token_hex(16)
        self.type = f"multipart/form-data; boundary={self._mark}"
        with audio.open("rb") as file:
            suffix = recordings.suffix(file.read(recordings.FIRST_BYTES)) or "bin"
        text = "".join(
            f'--{self._mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        text += f'--{self._mark}\r\nContent-Disposition: form-data; name="file"; '
        text += f'filename="audio.{suffix}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        self._head = text.encode()
        self._tail = f"\r\n--{self._mark}--\r\n".encode()

    def length(self) -> int:
        """In bytes."""
        return len(self._head) + self._audio.stat().st_size + len(self._tail)

    def pieces(self) -> Iterator[bytes]:
        """The form, from its first byte to its last."""
        yield self._head
        with self._audio.open("rb") as file:
            while piece := file.read(_STEP):
                yield piece
        yield self._tail


def _key() -> str | None:
    """The key from the environment, else from its file. Raises NoEngine."""
    if key := os.environ.get(KEY):
        return key
    if not (name := os.environ.get(KEY_FILE)):
        return None
    try:
        mode = Path(name).stat().st_mode
        if mode & _OTHERS:
            raise NoEngine(f"others can read the key in {name}: chmod 600 {name}")
        return Path(name).read_text(encoding="utf-8").strip()
    except OSError as problem:
        raise NoEngine(f"the key in {name} cannot be read: {problem.strerror}") from None


def _reason(data: bytes) -> str:
    """What the server says is wrong, where it says so in the usual way."""
    try:
        document: Any = msgspec.json.decode(data)
        message = str(document["error"]["message"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return ""
    return ": " + " ".join(message.split())[:200]
