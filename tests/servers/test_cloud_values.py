"""What is counted of the cloud, from its log and its histories: no server."""

from hypothesis import given
from hypothesis import strategies as st

from earwitness.servers.cloud import machines, objects

LOG = b"""\
\x1b[31m\x1b[1mWARNING: This is a development server.\x1b[0m
 * Running on http://127.0.0.1:39529
127.0.0.1 - - [23/Nov/2026 02:19:41] "\x1b[35m\x1b[1mPOST /moto-api/config HTTP/1.1\x1b[0m" 201 -
127.0.0.1 - - [23/Nov/2026 02:19:41] "PUT /windows-1 HTTP/1.1" 200 -
127.0.0.1 - - [23/Nov/2026 02:19:42] "POST / HTTP/1.1" 200 -
127.0.0.1 - - [23/Nov/2026 02:19:43] "PUT /windows-1/a/0.png HTTP/1.1" 200 -
127.0.0.1 - - [23/Nov/2026 02:19:43] "GET /windows-1/a/0.png?x-id=GetObject HTTP/1.1" 200 -
127.0.0.1 - - [23/Nov/2026 02:19:43] "PUT /windows-10/a/0.png HTTP/1.1" 200 -
127.0.0.1 - - [23/Nov/2026 02:19:43] "\x1b[33mGET /windows-1/a/9.png HTTP/1.1\x1b[0m" 404 -
127.0.0.1 - - [23/Nov/2026 02:19:44] "GET /windows-1?list-type=2 HTTP/1.1" 200 -
"""


def test_requests_for_objects_are_read_from_the_log() -> None:
    assert objects.requests(LOG, "windows-1") == [
        ("PUT", "a/0.png", 200),
        ("GET", "a/0.png", 200),
        ("GET", "a/9.png", 404),
    ]
    assert objects.requests(LOG, "windows-10") == [("PUT", "a/0.png", 200)]
    assert objects.requests(LOG, "windows") == []


@given(st.lists(st.sampled_from(["PassStateEntered", "PassStateExited", "ExecutionStarted"])))
def test_a_transition_is_a_state_entered(kinds: list[str]) -> None:
    events = [{"type": kind} for kind in kinds]
    assert machines.transitions(events) == kinds.count("PassStateEntered")
