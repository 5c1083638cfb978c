"""The function host with real functions in real processes, by every runtime that is here."""

import http.client
import json
import os
import signal
import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from earwitness.servers import function_host, liveness
from earwitness.servers.function_host import (
    Function,
    FunctionHost,
    InvokeMode,
    Runtime,
    node_runtime,
    runtimes,
)
from earwitness.servers.process import MissingComponent, ServerFailed

PYTHON = """
import os, time

def echo(event, context):
    return {"got": event, "pid": os.getpid()}

def fail(event, context):
    raise ValueError("it failed")

def die(event, context):
    os._exit(3)

def sleep(event, context):
    time.sleep(event)
    return os.getpid()

def size(event, context):
    return "x" * event

def proxied(event, context):
    return {"statusCode": 201, "headers": {"X-Way": event["rawPath"]}, "body": "aGk=",
            "isBase64Encoded": True, "cookies": ["a=b"]}

def parts(event, response):
    query = event["queryStringParameters"]
    if "status" in query:
        response.prelude(int(query["status"]), {"X-Way": "streamed"}, ("c=d",))
    if query.get("fail") == "first":
        raise ValueError("at once")
    for number in range(int(query.get("count", "3"))):
        response.write(b"part %d;" % number)
    if query.get("fail") == "late":
        raise ValueError("too late")

def ends(event, response):
    response.write(b"half")
    os._exit(3)

def much(event, response):
    for _ in range(int(event["queryStringParameters"]["mega"])):
        response.write(bytes(1000000))
"""
NODE = """
export const echo = async (event) => ({ got: event });
export const fail = async () => { throw new Error("it failed"); };
export const parts = awslambda.streamifyResponse(async (event, response) => {
  const query = event.queryStringParameters;
  if (query.status) {
    response = awslambda.HttpResponseStream.from(response,
      { statusCode: Number(query.status), headers: { "X-Way": "streamed" }, cookies: ["c=d"] });
  }
  for (let number = 0; number < 3; number++) response.write(`part ${number};`);
  if (query.fail === "late") throw new Error("too late");
  response.end();
});
"""


@pytest.fixture
def host(workspace: Path) -> Iterator[FunctionHost]:
    with function_host.running(workspace) as running:
        yield running


@pytest.fixture
def start(host: FunctionHost, tmp_path: Path):
    """Start a handler of the functions above; the name of the function is the handler's."""

    def started(handler: str, runtime: Runtime, **options: object) -> str:
        node = "node" in runtime.source or "npm" in runtime.source
        code = tmp_path / ("code.mjs" if node else "code.py")
        code.write_text(NODE if node else PYTHON)
        host.start(
            Function(
                name=handler, runtime=runtime, handler=f"code.{handler}", code=(code,), **options
            )
        )
        return handler

    return started


def official_node() -> Runtime:
    try:
        return node_runtime.official_node()
    except MissingComponent as missing:
        pytest.skip(missing.reason)


def get(url: str, target: str = "/") -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


# Buffered.


@pytest.mark.parametrize("find", [runtimes.official_python, official_node])
def test_an_invocation_is_answered_and_counted(host: FunctionHost, start, find) -> None:
    name = start("echo", find())
    for number in range(3):
        answer = host.invoke(name, json.dumps({"n": number}).encode())
        assert answer.error is None
        assert json.loads(answer.payload)["got"] == {"n": number}
    counts = host.counts(name)
    assert (counts.invocations, counts.errors, counts.request_bytes) == (3, 0, 3 * len('{"n": 0}'))
    assert counts.response_bytes == 3 * len(answer.payload)


@pytest.mark.parametrize("find", [runtimes.official_python, official_node])
def test_an_error_of_the_function_is_told(host: FunctionHost, start, find) -> None:
    answer = host.invoke(start("fail", find()), b"{}")
    assert answer.error == "Unhandled"
    assert json.loads(answer.payload)["errorMessage"] == "it failed"
    assert host.counts("fail").errors == 1


def test_instances_work_side_by_side(host: FunctionHost, start) -> None:
    name = start("sleep", runtimes.official_python(), instances=2)
    with ThreadPoolExecutor(2) as pool:
        pids = pool.map(lambda _: host.invoke(name, b"0.3").payload, range(2))
    assert len(set(pids)) == 2


def test_an_answer_over_six_megabytes_is_refused(host: FunctionHost, start) -> None:
    name = start("size", runtimes.official_python())
    assert len(host.invoke(name, b"6000000").payload) == 6_000_002
    answer = host.invoke(name, b"6291556")  # and two quotation marks
    assert answer.error == "Unhandled"
    assert json.loads(answer.payload)["errorType"] == "Function.ResponseSizeTooLarge"


def test_an_unknown_function_is_said(host: FunctionHost) -> None:
    with pytest.raises(ServerFailed, match="Function not found: nobody"):
        host.invoke("nobody", b"{}")


def test_a_function_that_takes_too_long_is_ended(host: FunctionHost, start) -> None:
    name = start("sleep", runtimes.official_python(), timeout_seconds=0.3)
    answer = host.invoke(name, b"60")
    assert json.loads(answer.payload)["errorType"] == "Sandbox.Timedout"
    with pytest.raises(ServerFailed, match="function sleep"):
        for _ in range(200):
            host.require_alive()
            time.sleep(0.02)


def test_a_process_that_dies_fails_what_it_worked_on_and_what_waits(
    host: FunctionHost, start
) -> None:
    name = start("die", runtimes.official_python())
    for _ in range(2):
        answer = host.invoke(name, b"{}", seconds=10)
        assert json.loads(answer.payload)["errorType"] == "Runtime.ExitError"


def test_a_runtime_that_leaves_swallows_no_event(host: FunctionHost, start) -> None:
    """Two processes wait for events; one is killed; no invocation is lost to its open request."""
    name = start("echo", runtimes.official_python(), instances=2)
    pids = {json.loads(host.invoke(name, b"1").payload)["pid"] for _ in range(8)}
    victim = pids.pop()
    os.kill(victim, signal.SIGKILL)
    while psutil.Process(victim).status() != psutil.STATUS_ZOMBIE:  # its sockets are closed by then
        time.sleep(0.005)
    for _ in range(5):
        answer = host.invoke(name, b"1", seconds=10)
        assert answer.error is None
        assert json.loads(answer.payload)["pid"] != victim


@pytest.mark.parametrize("find", [runtimes.custom_python, runtimes.official_python, official_node])
def test_a_handler_that_cannot_be_loaded_is_said(start, find) -> None:
    with pytest.raises(ServerFailed, match="nothing"):
        start("nothing", find())


def test_a_name_is_taken_once(start) -> None:
    start("echo", runtimes.official_python())
    with pytest.raises(ValueError, match="already"):
        start("echo", runtimes.official_python())


# Function URLs.


@pytest.mark.parametrize("find", [runtimes.custom_python, official_node])
@pytest.mark.parametrize("mode", InvokeMode)
def test_a_streamed_answer_has_status_headers_and_body(
    host: FunctionHost, start, find, mode: InvokeMode
) -> None:
    url = host.open_url(start("parts", find()), mode)
    answer, body = get(url, "/?status=202")
    assert body == b"part 0;part 1;part 2;"
    assert (answer.status, answer.headers["X-Way"], answer.headers["Set-Cookie"]) == (
        202,
        "streamed",
        "c=d",
    )
    streams = mode is InvokeMode.RESPONSE_STREAM
    assert (answer.headers["Transfer-Encoding"] == "chunked") is streams
    assert (answer.headers["Content-Length"] is None) is streams
    answer, body = get(url)
    assert (answer.status, body) == (200, b"part 0;part 1;part 2;")


@pytest.mark.parametrize("find", [runtimes.custom_python, official_node])
def test_an_error_in_mid_stream_cuts_the_answer_off(host: FunctionHost, start, find) -> None:
    name = start("parts", find())
    with pytest.raises(http.client.IncompleteRead):
        get(host.open_url(name, InvokeMode.RESPONSE_STREAM), "/?fail=late")
    answer, _ = get(host.open_url(name, InvokeMode.BUFFERED), "/?fail=late")
    assert answer.status == 502
    assert host.counts(name).errors == 2


@pytest.mark.parametrize("mode", InvokeMode)
def test_an_error_before_the_first_byte_is_a_bad_gateway(
    host: FunctionHost, start, mode: InvokeMode
) -> None:
    url = host.open_url(start("parts", runtimes.custom_python()), mode)
    answer, _ = get(url, "/?fail=first")
    assert answer.status == 502


def test_a_process_that_dies_in_mid_stream_cuts_the_answer_off(host: FunctionHost, start) -> None:
    url = host.open_url(start("ends", runtimes.custom_python()), InvokeMode.RESPONSE_STREAM)
    with pytest.raises(http.client.IncompleteRead):
        get(url)


def test_only_streams_may_be_large(host: FunctionHost, start) -> None:
    name = start("much", runtimes.custom_python())
    answer, body = get(host.open_url(name, InvokeMode.RESPONSE_STREAM), "/?mega=8")
    assert (answer.status, len(body)) == (200, 8_000_000)
    answer, _ = get(host.open_url(name, InvokeMode.BUFFERED), "/?mega=8")
    assert answer.status == 502


def test_a_client_of_http_10_gets_no_chunks(host: FunctionHost, start) -> None:
    url = host.open_url(start("parts", runtimes.custom_python()), InvokeMode.RESPONSE_STREAM)
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), 10) as client:
        client.sendall(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
        received = b"".join(iter(lambda: client.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    assert body == b"part 0;part 1;part 2;"
    assert b"chunked" not in head.lower()


def test_a_client_that_leaves_does_not_stop_the_function(host: FunctionHost, start) -> None:
    """As at AWS: the function writes to its end, and the next caller is served."""
    name = start("much", runtimes.custom_python())
    url = host.open_url(name, InvokeMode.RESPONSE_STREAM)
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), 10) as client:
        client.sendall(b"GET /?mega=40 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    answer, body = get(url, "/?mega=1")
    assert (answer.status, len(body)) == (200, 1_000_000)
    assert host.counts(name).response_bytes == 41_000_000


def test_a_buffered_answer_is_interpreted(host: FunctionHost, start) -> None:
    url = host.open_url(start("proxied", runtimes.official_python()), InvokeMode.BUFFERED)
    answer, body = get(url, "/a/b")
    assert (answer.status, answer.headers["X-Way"], body) == (201, "/a/b", b"hi")
    assert answer.headers["Set-Cookie"] == "a=b"


# The streaming invocation API.


def stream_of(host: FunctionHost, name: str, event: object) -> list[tuple[str, bytes]]:
    """Event type and payload of every message that the SDK's streaming call is answered with."""
    connection = http.client.HTTPConnection(urlsplit(host.url).netloc, timeout=20)
    path = f"/2021-11-15/functions/{name}/response-streaming-invocations"
    connection.request("POST", path, json.dumps(event))
    answer = connection.getresponse()
    assert answer.headers["Content-Type"] == "application/vnd.amazon.eventstream"
    rest, messages = answer.read(), []
    connection.close()
    while rest:
        total, headers = struct.unpack(">II", rest[:8])
        kind = "InvokeComplete" if b"InvokeComplete" in rest[12 : 12 + headers] else "PayloadChunk"
        messages.append((kind, rest[12 + headers : total - 4]))
        rest = rest[total:]
    return messages


def test_an_sdk_gets_pieces_and_the_error_after_them(host: FunctionHost, start) -> None:
    name = start("parts", runtimes.custom_python())
    *pieces, (kind, end) = stream_of(host, name, {"queryStringParameters": {"fail": "late"}})
    assert {piece for piece, _ in pieces} == {"PayloadChunk"}
    assert b"".join(payload for _, payload in pieces) == b"part 0;part 1;part 2;"
    assert kind == "InvokeComplete"
    assert json.loads(end)["ErrorCode"] == "ValueError"
    assert "too late" in json.loads(end)["ErrorDetails"]
    assert stream_of(host, name, {"queryStringParameters": {}})[-1] == ("InvokeComplete", b"{}")


# Nothing stays.


def test_functions_and_ports_are_gone_afterwards(workspace: Path, tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text(PYTHON)
    with function_host.running(workspace) as host:
        runtime = runtimes.official_python()
        host.start(Function(name="echo", runtime=runtime, handler="code.echo", code=(code,)))
        pid = json.loads(host.invoke("echo", b"1").payload)["pid"]
        assert liveness.identity(pid) is not None
        port = host.port
    assert liveness.identity(pid) is None
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_a_broken_error_trailer_is_told_as_it_is(host: FunctionHost, start, tmp_path: Path) -> None:
    """A runtime of somebody else's making may not encode its trailers."""
    program = tmp_path / "runtime.py"
    program.write_text(
        """
import http.client, os, sys
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
while True:
    poll = http.client.HTTPConnection(api)
    poll.request("GET", "/2018-06-01/runtime/invocation/next")
    event = poll.getresponse(); event.read()
    c = http.client.HTTPConnection(api)
    c.putrequest("POST", f"/2018-06-01/runtime/invocation/{event.headers['Lambda-Runtime-Aws-Request-Id']}/response")
    c.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    c.putheader("Transfer-Encoding", "chunked")
    c.endheaders()
    c.send(b"2\\r\\nhi\\r\\n0\\r\\nLambda-Runtime-Function-Error-Type: Odd\\r\\n"
           b"Lambda-Runtime-Function-Error-Body: not base64\\r\\n\\r\\n")
    c.getresponse().read()
"""
    )
    custom = runtimes.custom_python()
    runtime = Runtime(
        name="odd", source="test", command=(*custom.command[:-1], str(program)), user=None
    )
    name = start("echo", runtime)
    *_, (kind, end) = stream_of(host, name, {})
    assert kind == "InvokeComplete"
    assert json.loads(end) == {"ErrorCode": "Odd", "ErrorDetails": "not base64"}
