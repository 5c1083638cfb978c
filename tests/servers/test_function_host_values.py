"""The pure parts of the function host: framing, events, status and headers, names."""

import asyncio
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.servers.function_host import event_stream, function_url, invoke_api
from earwitness.servers.function_host.http import Request
from earwitness.servers.function_host.invocation import (
    BUFFERED_LIMIT,
    End,
    Head,
    Inbox,
    TooLarge,
    invocation,
)


def parse(frame: bytes) -> tuple[dict[str, str], bytes]:
    """A message of the event stream, read back as its encoding says; all checksums verified."""
    total, of_headers, checked = struct.unpack(">III", frame[:12])
    assert total == len(frame)
    assert checked == zlib.crc32(frame[:8])
    assert struct.unpack(">I", frame[-4:])[0] == zlib.crc32(frame[:-4])
    headers, rest = {}, frame[12 : 12 + of_headers]
    while rest:
        size = rest[0]
        name, kind = rest[1 : 1 + size].decode(), rest[1 + size]
        assert kind == 7
        (length,) = struct.unpack(">H", rest[2 + size : 4 + size])
        headers[name] = rest[4 + size : 4 + size + length].decode()
        rest = rest[4 + size + length :]
    return headers, frame[12 + of_headers : -4]


@given(st.binary(max_size=4096))
def test_a_piece_survives_its_message(piece: bytes) -> None:
    headers, payload = parse(event_stream.payload_chunk(piece))
    assert payload == piece
    assert headers[":event-type"] == "PayloadChunk"
    assert headers[":message-type"] == "event"


def test_the_last_message_tells_an_error_only_when_there_is_one() -> None:
    assert parse(event_stream.invoke_complete(None, ""))[1] == b"{}"
    headers, payload = parse(event_stream.invoke_complete("Boom", "why"))
    assert headers[":event-type"] == "InvokeComplete"
    assert payload == b'{"ErrorCode":"Boom","ErrorDetails":"why"}'


@given(st.binary(max_size=200))
def test_status_and_headers_end_at_eight_nuls(body: bytes) -> None:
    said = b'{"statusCode":201,"headers":{"X-A":"b"},"cookies":["c=d"]}'
    prelude, rest = function_url.split(said + bytes(8) + body)
    assert rest == body
    assert prelude.status == 201
    assert prelude.fields("text/plain") == [
        ("X-A", "b"),
        ("Content-Type", "text/plain"),
        ("Set-Cookie", "c=d"),
    ]


@pytest.mark.parametrize("answer", [b"", b'{"statusCode":200}', b"no JSON" + bytes(8), bytes(8)])
def test_an_answer_without_status_and_headers_is_refused(answer: bytes) -> None:
    with pytest.raises(function_url.BadPrelude):
        function_url.split(answer)


def test_a_function_cannot_choose_the_framing() -> None:
    prelude = function_url.Prelude(
        headers={"Content-Length": 3, "transfer-encoding": "chunked", "content-type": "a/b"}
    )
    assert prelude.fields("c/d") == [("content-type", "a/b")]


def test_a_request_becomes_an_event_of_format_2() -> None:
    request = Request("POST", "/a/b?x=1&y=", {"cookie": "k=v; l=w", "user-agent": "me"})
    event = function_url.event_of(request, b"\x00\xff")
    assert event["version"] == "2.0"
    assert event["rawPath"] == "/a/b"
    assert event["queryStringParameters"] == {"x": "1", "y": ""}
    assert event["cookies"] == ["k=v", "l=w"]
    assert "cookie" not in event["headers"]
    assert (event["body"], event["isBase64Encoded"]) == ("AP8=", True)
    assert event["requestContext"]["http"]["method"] == "POST"
    assert function_url.event_of(request, b"")["body"] is None


@pytest.mark.parametrize(
    "reference",
    ["f", "f:$LATEST", "000000000000:function:f", "arn:aws:lambda:r:000000000000:function:f:1"],
)
def test_a_function_is_found_by_name_and_arn(reference: str) -> None:
    assert invoke_api.name_of(reference) == "f"


def test_a_slow_reader_halts_the_writer_and_one_who_left_does_not() -> None:
    async def scenario() -> None:
        response = invocation(b"", 1.0).response
        response.begin(Head(content_type="a/b", streaming=True))

        async def write() -> int:
            for number in range(1000):
                await response.write(b"%d" % number)
            await response.finish()
            return 1000

        writing = asyncio.ensure_future(write())
        await asyncio.sleep(0.01)
        assert not writing.done()  # the queue is full, and nobody reads
        response.abandon()
        assert await asyncio.wait_for(writing, 5) == 1000

    asyncio.run(scenario())


def test_an_answer_over_the_limit_is_not_kept() -> None:
    async def scenario() -> None:
        response = invocation(b"", 1.0).response

        async def write() -> None:
            response.begin(Head(content_type="a/b", streaming=False))
            await response.write(bytes(BUFFERED_LIMIT))
            await response.write(b"x")
            await response.finish(End())

        writing = asyncio.ensure_future(write())
        with pytest.raises(TooLarge):
            await response.whole()
        await writing

    asyncio.run(scenario())


def test_what_could_not_be_handed_over_is_the_next_again() -> None:
    async def scenario() -> None:
        inbox = Inbox()
        first, second = invocation(b"1", 1.0), invocation(b"2", 1.0)
        await inbox.put(first)
        await inbox.put(second)
        await inbox.put_back(await inbox.take())
        assert await inbox.take() is first
        waiting = asyncio.ensure_future(inbox.take())
        assert await waiting is second
        assert inbox.empty_out() == ()

    asyncio.run(scenario())
