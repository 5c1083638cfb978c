"""Talks to a language model at an address that the user has set; any OpenAI-compatible one.

One request, ``POST /chat/completions``, answered in server-sent events. Nothing is sent to anybody
unless ``EARWITNESS_MODEL_ENDPOINT`` is set. The model gets no tools and its answer is text. Whatever
goes wrong is one ``ModelFailed`` with one line, so that the caller can go on without it.
"""

import contextlib
import http.client
import json
import os
import stat
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from earwitness.library.fetching import addresses

ENDPOINT, MODEL = "EARWITNESS_MODEL_ENDPOINT", "EARWITNESS_MODEL"
KEY, KEY_FILE = "EARWITNESS_MODEL_KEY", "EARWITNESS_MODEL_KEY_FILE"
TIMEOUT = "EARWITNESS_MODEL_TIMEOUT"
_DEFAULT_TIMEOUT = 60.0
"""Seconds without a byte; a small model on a processor takes that long to begin."""
_LONGEST = 10
"""Times the timeout that a whole answer may take."""
_MOST_BYTES = 1_000_000
"""Of an answer; it is a few paragraphs."""


class ModelFailed(Exception):
    """The model gave no whole answer; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where the model is, and how it is called."""

    address: str
    """Up to and with ``/v1``."""
    model: str
    key: str | None = field(default=None, repr=False)
    timeout_seconds: float = _DEFAULT_TIMEOUT


def configured(environment: Mapping[str, str] = os.environ) -> Endpoint | None:
    """The endpoint that the environment names; None without. Raises ModelFailed."""
    address = environment.get(ENDPOINT, "").strip()
    if not address:
        return None
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ModelFailed(f"{ENDPOINT} is no http or https address")
    model = environment.get(MODEL, "").strip()
    if not model:
        raise ModelFailed(f"{ENDPOINT} is set, and {MODEL} does not say which model to ask")
    try:
        timeout = float(environment.get(TIMEOUT) or _DEFAULT_TIMEOUT)
    except ValueError:
        raise ModelFailed(f"{TIMEOUT} is no number of seconds") from None
    key = _key(environment)
    if key is not None and parts.scheme != "https" and not addresses.is_here(parts.hostname):
        raise ModelFailed(f"{ENDPOINT} has to be https where a key is sent, or on this machine")
    return Endpoint(address=address.rstrip("/"), model=model, key=key, timeout_seconds=timeout)


def stream(endpoint: Endpoint, messages: Sequence[Mapping[str, str]]) -> Generator[str]:
    """The answer, piece by piece as it comes. Raises ModelFailed, also after some pieces."""
    deadline = time.monotonic() + _LONGEST * endpoint.timeout_seconds
    try:
        with contextlib.closing(_connection(endpoint)) as connection:
            response = _asked(connection, endpoint, messages)
            if "text/event-stream" in response.getheader("Content-Type", ""):
                yield from _pieces(_events(response, deadline))
            else:
                yield _whole(response)
    except TimeoutError as problem:
        raise ModelFailed(f"no answer within {endpoint.timeout_seconds:g} s") from problem
    except (OSError, http.client.HTTPException) as problem:
        raise ModelFailed(
            f"the connection failed: {problem or type(problem).__name__}"
        ) from problem


def _key(environment: Mapping[str, str]) -> str | None:
    if environment.get(KEY):
        return environment[KEY]
    if not environment.get(KEY_FILE):
        return None
    path = Path(environment[KEY_FILE])
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ModelFailed(f"{path} can be read by others: chmod 600 {path}")
        return path.read_text(encoding="utf-8").strip()
    except OSError as problem:
        raise ModelFailed(f"{KEY_FILE}: {path}: {problem.strerror}") from problem


def _connection(endpoint: Endpoint) -> http.client.HTTPConnection:
    parts = urlsplit(endpoint.address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        return kind(str(parts.hostname), parts.port, timeout=endpoint.timeout_seconds)
    except ValueError as problem:
        raise ModelFailed(f"{ENDPOINT}: {problem}") from problem


def _asked(
    connection: http.client.HTTPConnection,
    endpoint: Endpoint,
    messages: Sequence[Mapping[str, str]],
) -> http.client.HTTPResponse:
    body = {"model": endpoint.model, "messages": list(messages), "stream": True, "temperature": 0}
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream, application/json"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    path = f"{urlsplit(endpoint.address).path}/chat/completions"
    connection.request("POST", path, json.dumps(body).encode(), headers)
    response = connection.getresponse()
    if response.status != http.HTTPStatus.OK:
        raise ModelFailed(f"it answered {response.status} {response.reason}")
    return response


def _events(response: http.client.HTTPResponse, deadline: float) -> Iterator[str]:
    """The data of each event; what a stream may hold beside is passed over."""
    read = 0
    while line := response.readline(_MOST_BYTES):
        read += len(line)
        if read > _MOST_BYTES:
            raise ModelFailed("the answer does not end")
        if time.monotonic() > deadline:
            raise ModelFailed("the answer takes too long")
        if line.startswith(b"data:"):
            yield line[5:].strip().decode("utf-8", "replace")
    raise ModelFailed("the answer broke off")


def _pieces(stream_events: Iterator[str]) -> Iterator[str]:
    for data in stream_events:
        if data == "[DONE]":
            return
        choice = _choice(data)
        piece = (choice.get("delta") or {}).get("content")
        if piece:
            yield str(piece)
        match choice.get("finish_reason"):
            case None | "stop":
                continue
            case "length":
                raise ModelFailed("the answer was cut off at the model's limit")
            case other:
                raise ModelFailed(f"the answer ended early: {other}")


def _whole(response: http.client.HTTPResponse) -> str:
    """The answer of an endpoint that does not stream."""
    body = response.read(_MOST_BYTES + 1)
    if len(body) > _MOST_BYTES:
        raise ModelFailed("the answer does not end")
    content = (_choice(body.decode("utf-8", "replace")).get("message") or {}).get("content")
    if not isinstance(content, str):
        raise ModelFailed("what came is no answer of a chat")
    return content


def _choice(data: str) -> dict[str, Any]:
    """The first choice in a piece of an answer; empty where it has none."""
    try:
        document = json.loads(data)
        if "error" in document:
            raise ModelFailed("it reported an error of its own")
        choices = document.get("choices") or [{}]
        choice = choices[0]
    except (ValueError, TypeError, AttributeError, LookupError):
        raise ModelFailed("what came is no answer of a chat") from None
    if not isinstance(choice, dict):
        raise ModelFailed("what came is no answer of a chat")
    return choice
