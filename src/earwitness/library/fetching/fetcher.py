"""Fetches one address of the web over HTTP/1.1, trusting neither the address nor the answer.

What may be asked is judged in ``addresses``; the connection goes to an address that was judged, and
every redirect is judged anew. Time, size (on the wire and unpacked) and the number of redirects have
limits; a body that is shorter than its header says is an error. A password in an address goes to its
own origin only and never from https to http. Proxies of the environment are ignored on purpose: what
a proxy resolves, nobody here could check.
"""

import base64
import contextlib
import email.utils
import http.client
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

import earwitness
from earwitness.library.fetching import addresses, line, unpacking
from earwitness.library.fetching.problems import (
    Answered,
    Gone,
    Incomplete,
    NotAnAddress,
    Refused,
    TooBig,
    Unreachable,
)
from earwitness.library.fetching.web import Limits, Web

USER_AGENT = f"Earwitness/{earwitness.__version__} (podcast library)"
_PORTS = {"http": 80, "https": 443}
_PERMANENT = (301, 308)
_REDIRECTS = (301, 302, 303, 307, 308)
_NOT_MODIFIED = 304
_GONE = 410
_STEP = 64 * 1024
"""Bytes that are read at a time."""
_NUMBER = re.compile(r"[0-9]+")
_LONGEST_SHOWN = 200
"""Characters of somebody else's text in a message."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Whom a request goes to, and what of it may go there only."""

    scheme: str
    host: str
    port: int
    authorization: str | None
    target: str
    """Path and query."""

    def is_same(self, other: "Origin") -> bool:
        """Whether both are one server, for whom one password is meant."""
        return (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer whose header has come; ``pieces`` is its body and can be read once."""

    url: str
    """Where it came from in the end."""
    moved_to: str | None
    """Where it is to be asked from now on, when permanent redirects led there."""
    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    pieces: Iterator[bytes]


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """An answer with its whole body."""

    url: str
    moved_to: str | None
    status: int
    headers: Mapping[str, str]
    body: bytes


def fetch(web: Web, url: str, *, headers: Mapping[str, str] | None = None) -> Fetched:
    """Fetch all of it, unpacked, patiently. 304 is an answer with an empty body. Raises NotFetched."""

    def once() -> Fetched:
        packed = {"Accept-Encoding": unpacking.ACCEPTED, **(headers or {})}
        with opened(web, url, headers=packed) as answer:
            body = b"" if answer.status == _NOT_MODIFIED else b"".join(answer.pieces)
            return Fetched(
                url=answer.url,
                moved_to=answer.moved_to,
                status=answer.status,
                headers=answer.headers,
                body=body,
            )

    return web.patiently(once, seconds=web.limits.seconds)


@contextlib.contextmanager
def opened(
    web: Web, url: str, *, headers: Mapping[str, str], limits: Limits | None = None
) -> Iterator[Answer]:
    """Ask for an address and follow its redirects; the body is read inside the block."""
    limits = limits or web.limits
    until = time.monotonic() + limits.seconds
    origin, moved_to, permanent = origin_of(url), None, True
    for _ in range(limits.redirects + 1):
        with contextlib.ExitStack() as held:
            held.enter_context(web.turn(origin.host))
            response = _ask(held, web, origin, headers, until=until, limits=limits)
            if response.status not in _REDIRECTS:
                yield _answer(response, origin, url, moved_to, limits)
                return
            url, left = _next(response, url), origin
            origin = origin_of(url)
            permanent = permanent and response.status in _PERMANENT
            # without its password a show could not be asked any more
            permanent = permanent and (left.authorization is None or origin.is_same(left))
            moved_to = url if permanent else moved_to
    raise Refused(f"more than {limits.redirects} redirects; the last one leads to {shown(url)}")


def origin_of(url: str) -> Origin:
    """The address taken apart. Raises NotAnAddress."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
        name = host if ":" in host else host.encode("idna").decode("ascii").lower()
    except ValueError:  # UnicodeError is one
        raise NotAnAddress(f"{shown(url)} is no address of the web") from None
    if parts.scheme not in _PORTS or not name or any(c.isspace() for c in name):
        raise NotAnAddress(f"{shown(url)} is no http or https address")
    login = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        login = "Basic " + base64.b64encode(pair.encode()).decode()
    return Origin(
        scheme=parts.scheme,
        host=name,
        port=port or _PORTS[parts.scheme],
        authorization=login,
        target=quote(
            urlunsplit(("", "", parts.path or "/", parts.query, "")), safe="/%:=&?~+!$,;'@()*[]"
        ),
    )


def shown(url: str) -> str:
    """An address as it may be printed: on one line, without its password, and not endless."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        url = urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
    except ValueError:
        url = url.rpartition("@")[2]
    return _on_one_line(url)


def _ask(
    held: contextlib.ExitStack,
    web: Web,
    origin: Origin,
    headers: Mapping[str, str],
    *,
    until: float,
    limits: Limits,
) -> http.client.HTTPResponse:
    """Send the request, and return once the header of its answer is here."""
    found = addresses.places(
        origin.host,
        origin.port,
        allowed=web.allowed,
        seconds=max(0.01, min(until - time.monotonic(), limits.idle_seconds)),
    )
    connected = line.connect(
        found, origin.host, tls=origin.scheme == "https", until=until, idle=limits.idle_seconds
    )
    held.callback(connected.hang_up)
    connection = http.client.HTTPConnection(origin.host, origin.port)
    connection.sock = connected
    sent = {"User-Agent": USER_AGENT, "Accept": "*/*", "Connection": "close", **headers}
    sent["Host"] = _host(origin)
    if origin.authorization is not None:
        sent["Authorization"] = origin.authorization
    try:
        connection.request("GET", origin.target, headers=sent)
        response = connection.getresponse()
    except http.client.HTTPException as problem:
        what = _on_one_line(str(problem)) or type(problem).__name__
        raise Incomplete(f"{origin.host} does not answer in HTTP: {what}") from None
    except OSError as problem:
        raise Unreachable(f"{origin.host} ended the connection: {problem.strerror}") from None
    held.callback(response.close)
    return response


def _host(origin: Origin) -> str:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return host if origin.port == _PORTS[origin.scheme] else f"{host}:{origin.port}"


def _next(response: http.client.HTTPResponse, url: str) -> str:
    """Where a redirect leads, with the password only if it stays with whom it is for."""
    origin, location = origin_of(url), response.getheader("Location")
    if not location:
        raise Incomplete(f"{origin.host} redirects to nowhere")
    leads_to = urljoin(url, location)
    following = origin_of(leads_to)
    if origin.authorization is None or following.authorization is not None:
        return leads_to
    if following.scheme == "http" and origin.scheme == "https":
        raise Refused(f"{origin.host} redirects a request with a password from https to http")
    if not following.is_same(origin):
        return leads_to
    login = urlsplit(url).netloc.rpartition("@")[0]
    parts = urlsplit(leads_to)
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))


def _answer(
    response: http.client.HTTPResponse,
    origin: Origin,
    url: str,
    moved_to: str | None,
    limits: Limits,
) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    status, host = response.status, origin.host
    if status >= 400:
        message = f"{host} answers {status} {_on_one_line(response.reason)} for {shown(url)}"
        if status == _GONE:
            raise Gone(f"gone for good (410): {shown(url)}", status)
        raise Answered(message, status, _seconds(headers.get("retry-after")))
    pieces = _counted(response, host, limits.bytes)
    return Answer(
        url=url,
        moved_to=moved_to,
        status=status,
        headers=headers,
        pieces=unpacking.unpacked(pieces, headers.get("content-encoding", ""), limits.bytes),
    )


def _counted(response: http.client.HTTPResponse, host: str, most: int) -> Iterator[bytes]:
    """The body as it comes over the wire. Raises TooBig, and Incomplete for a short one."""
    expected = response.length
    if expected is not None and expected > most:
        raise TooBig(f"{host} announces {expected} bytes; {most} are allowed")
    came = 0
    while True:
        try:
            piece = response.read1(_STEP)
        except http.client.HTTPException:
            raise Incomplete(f"{host} ended the connection in the middle of the answer") from None
        except OSError as problem:
            raise Incomplete(f"{host} broke the connection: {problem.strerror}") from None
        if not piece:
            break
        came += len(piece)
        if came > most:
            raise TooBig(f"{host} sends more than {most} bytes")
        yield piece
    if expected is not None and came != expected:  # read1 does not mind
        raise Incomplete(f"{host} announced {expected} bytes and sent {came}")


def _on_one_line(text: str) -> str:
    """What a stranger wrote, as it may stand in a message."""
    plain = "".join(c if c.isprintable() else " " for c in text.strip())
    return plain if len(plain) <= _LONGEST_SHOWN else plain[:_LONGEST_SHOWN] + "..."


def _seconds(retry_after: str | None) -> float | None:
    """``Retry-After`` as seconds from now: it is a number or a date (RFC 9110, 10.2.3)."""
    if retry_after is None:
        return None
    try:
        if _NUMBER.fullmatch(retry_after.strip()):
            return float(retry_after)
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
