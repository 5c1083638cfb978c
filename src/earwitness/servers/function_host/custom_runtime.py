"""A custom runtime for Python that streams: a program of its own, run inside a function's process.

``python custom_runtime.py module.function`` asks the Runtime API for events and calls
``function(event, response)``; what it writes to ``response`` leaves at once, one chunk for each
write. Follows AWS's "Building a custom runtime": an error before the first byte is posted as an
error, one after it is told in trailers. Standard library only; nothing of Earwitness is imported.
"""

import base64
import http.client
import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

_API = "/2018-06-01/runtime"
_INTEGRATION = "application/vnd.awslambda.http-integration-response"

Error = dict[str, str | list[str]]
"""As AWS's runtimes write one: errorMessage, errorType, stackTrace."""


class Response:
    """The answer to one event; nothing is sent before the first write."""

    def __init__(self, address: str, request_id: str) -> None:
        self.content_type = "application/octet-stream"
        self._address = address
        self._path = f"{_API}/invocation/{request_id}/response"
        self._connection: http.client.HTTPConnection | None = None

    @property
    def begun(self) -> bool:
        """Whether anything has been sent."""
        return self._connection is not None

    def prelude(
        self,
        status: int = 200,
        headers: dict[str, str] | None = None,
        cookies: tuple[str, ...] = (),
    ) -> None:
        """Send status and headers for a Function URL; before any other write."""
        self.content_type = _INTEGRATION
        chosen = {"statusCode": status, "headers": headers or {}, "cookies": list(cookies)}
        self.write(json.dumps(chosen).encode() + bytes(8))

    def write(self, data: bytes) -> None:
        """Send bytes now, as one chunk."""
        connection = self._connection or self._begin()
        if data:
            connection.send(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self, error: Error | None = None) -> None:
        """No more bytes; an error goes into the trailers."""
        connection = self._connection or self._begin()
        trailers = b"" if error is None else _trailers(error)
        connection.send(b"0\r\n" + trailers + b"\r\n")
        connection.getresponse().read()
        connection.close()

    def _begin(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self._address)
        connection.putrequest("POST", self._path)
        connection.putheader("Content-Type", self.content_type)
        connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.putheader("Trailer", "Lambda-Runtime-Function-Error-Type")
        connection.putheader("Trailer", "Lambda-Runtime-Function-Error-Body")
        connection.endheaders()
        self._connection = connection
        return connection


Handler = Callable[[Any, Response], None]


def main(handler_name: str) -> NoReturn:
    """Load the handler and serve events until the host is gone."""
    address = os.environ["AWS_LAMBDA_RUNTIME_API"]
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    try:
        module, _, function = handler_name.rpartition(".")
        handler = getattr(importlib.import_module(module), function)
    except Exception as problem:
        traceback.print_exc()
        _post(address, f"{_API}/init/error", _described(problem))
        raise SystemExit(1) from None
    polling = http.client.HTTPConnection(address)
    while True:
        polling.request("GET", f"{_API}/invocation/next")
        event = polling.getresponse()
        request_id = event.headers["Lambda-Runtime-Aws-Request-Id"]
        _serve(address, handler, request_id, json.loads(event.read() or b"null"))


def _serve(address: str, handler: Handler, request_id: str, event: Any) -> None:
    response = Response(address, request_id)
    try:
        handler(event, response)
    except Exception as problem:
        traceback.print_exc()
        if response.begun:
            response.end(_described(problem))
        else:
            _post(address, f"{_API}/invocation/{request_id}/error", _described(problem))
    else:
        response.end()


def _described(problem: Exception) -> Error:
    frames = traceback.format_tb(problem.__traceback__)
    name = type(problem).__name__
    return {"errorMessage": str(problem), "errorType": name, "stackTrace": frames}


def _trailers(error: Error) -> bytes:
    body = base64.b64encode(json.dumps(error).encode())
    kind = str(error["errorType"]).encode()
    return (
        b"Lambda-Runtime-Function-Error-Type: " + kind + b"\r\n"
        b"Lambda-Runtime-Function-Error-Body: " + body + b"\r\n"
    )


def _post(address: str, path: str, error: Error) -> None:
    connection = http.client.HTTPConnection(address)
    headers = {"Lambda-Runtime-Function-Error-Type": str(error["errorType"])}
    connection.request("POST", path, json.dumps(error), headers)
    connection.getresponse().read()
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1])
