"""Who may ask what: the rules that every request passes before a page sees it.

- ``Host`` has to be a name under which the site is served, so that a page elsewhere cannot reach it
  under a name of its own that resolves to this machine (DNS rebinding).
- A request that changes something has to come from a page of the site: what the browser says of its
  origin (``Sec-Fetch-Site``, ``Origin``) has to agree, and a form carries a token besides. A
  program, which says neither, may use the API with a JSON body; a form of another site cannot send
  one without being asked about it first (Fetch standard, CORS-safelisted content types).
- Bodies are bounded, also those that do not say how long they are.
- Every answer forbids the browser what no page of ours needs: script and style from anywhere but
  files of the site, frames, other hosts.

Pure ASGI, so that streams pass through untouched.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY_BYTES = 2 * 1024 * 1024
"""Of a form or an API call; an address, predictions and notes are far smaller."""
_TOO_LONG = f"That is more than {MOST_BODY_BYTES // 1024} KiB, which nothing here takes."
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "media-src 'self' blob:",  # blob: a recording that the reader picked on their own machine
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """Lets through what keeps the rules, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp, names: Iterable[str], *, any_address: bool = False) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)
        self._any_address = any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sending = _with_headers(send)
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            status, words = refusal
            await PlainTextResponse(words + "\n", status)(scope, receive, sending)
            return
        await self._app(scope, _bounded(receive), sending)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        if not self._is_ours(headers.get("host", "")):
            return 421, "The site is not served under that name. Open it by the address it printed."
        if scope["method"] in SAFE_METHODS:
            return None
        if not _says_it_is_ours(headers):
            return 403, "The request came from a page of another site and was not carried out."
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MOST_BODY_BYTES:
            return 413, _TOO_LONG
        return None

    def _is_ours(self, host: str) -> bool:
        name = _name_of(host)
        if name in self._names or is_loopback(name):
            return True
        # an address, unlike a name, cannot be made to resolve to another machine
        return self._any_address and _is_address(name)


def _name_of(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _says_it_is_ours(headers: Headers) -> bool:
    """What the browser says of where the request comes from, if it is a browser."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or _authority(origin) == headers.get("host", "").lower()


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sending


def _bounded(receive: Receive) -> Receive:
    got = 0

    async def receiving() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > MOST_BODY_BYTES:
            raise HTTPException(413, _TOO_LONG)
        return message

    return receiving
