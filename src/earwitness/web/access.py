"""The password, where there is one: a page to say it on, a cookie that shows it was said.

Programs say it with every request, as the password of HTTP Basic authentication under any name.
Guesses are bounded in rate, for each address and for all together. Without a password everybody who
reaches the site is let in, which is why it then listens on loopback only.
"""

import base64
import binascii
import hashlib
import hmac
import re
from urllib.parse import urlencode

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from earwitness.web import errors, forms, rendering
from earwitness.web.jobs.limits import Rate, TooMany
from earwitness.web.tokens import COOKIE, Tokens

VISITOR = "earwitness-visitor"
"""The cookie of a browser that has said the password."""
_OPEN = ("/login", "/static/")
_MOST_GUESSES, _MOST_OF_ALL, _STRETCH_SECONDS = 10, 100, 60.0
_MOST_ADDRESSES = 1000
"""Addresses whose guesses are counted apart; more share a count with all that come after."""
_of_this_site = re.compile(r"/(?![/\\])[!-~]{0,2000}", re.ASCII).fullmatch
"""Whether an address leads nowhere else: a path, and what browsers do not take for a host."""


class Door:
    """Sends visitors to the page for the password until they have said it."""

    def __init__(self, app: ASGIApp, password: str | None, tokens: Tokens) -> None:
        self._app = app
        self._password = password
        self._tokens = tokens
        # who changes the password locks out those who said the old one
        self._visitor = f"visitor {hashlib.sha256((password or '').encode()).hexdigest()}"
        self._guesses = Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, or ask for the password."""
        if scope["type"] != "http" or self._password is None:
            await self._app(scope, receive, send)
            return
        scope["earwitness.door"] = self
        request = Request(scope)
        try:
            inside = scope["path"].startswith(_OPEN) or self._knows(request)
        except TooMany as problem:
            await errors.told(request, problem)(scope, receive, send)
            return
        handle = self._app if inside else _asked_for(request)
        await handle(scope, receive, send)

    def admits(self, request: Request, said: str) -> bool:
        """Whether that is the password. Raises TooMany after too many that were not."""
        guesses = self._guesses.of(request.client.host if request.client else "")
        for rate in guesses:
            rate.look()
        right = hmac.compare_digest(said.encode(), (self._password or "").encode())
        if not right:
            for rate in guesses:
                rate.take()
        return right

    def ticket(self, request: Request) -> str:
        """What the browser shows from now on instead of the password."""
        return self._tokens.make(request.cookies.get(COOKIE, ""), self._visitor)

    def _knows(self, request: Request) -> bool:
        """Whether it was said before, or is said now. Raises TooMany."""
        cookie = request.cookies.get(COOKIE, "")
        if self._tokens.holds(request.cookies.get(VISITOR, ""), cookie, self._visitor):
            return True
        said = _basic(request.headers)
        return said is not None and self.admits(request, said)


class Guesses:
    """How many wrong passwords came: from each address, and from all."""

    def __init__(self) -> None:
        self._all = _rate(_MOST_OF_ALL)
        self._others = _rate(_MOST_GUESSES)
        self._by_address: dict[str, Rate] = {}

    def of(self, address: str) -> tuple[Rate, Rate]:
        """The two that count for an address."""
        if address not in self._by_address and len(self._by_address) >= _MOST_ADDRESSES:
            return self._others, self._all
        return self._by_address.setdefault(address, _rate(_MOST_GUESSES)), self._all


def _rate(most: int) -> Rate:
    return Rate(most, _STRETCH_SECONDS, "too many guesses")


def login(request: Request) -> Response:
    """The page that asks."""
    wanted = _wanted(request.query_params.get("next", ""))
    return rendering.page(request, "login.html.j2", wrong=False, wanted=wanted)


async def say(request: Request) -> Response:
    """Take what was said; in, to the page that was wanted, or asked again."""
    form = await forms.read(request)
    wanted = _wanted(form.one("next"))
    door: Door | None = request.scope.get("earwitness.door")
    if door is not None and not door.admits(request, form.one("password")):
        return rendering.page(request, "login.html.j2", status=403, wrong=True, wanted=wanted)
    answer = RedirectResponse(wanted, 303)
    if door is not None:
        answer.set_cookie(VISITOR, door.ticket(request), httponly=True, samesite="strict")
    return answer


def _asked_for(request: Request) -> Response:
    if request.url.path.startswith("/api/"):
        challenge = {"WWW-Authenticate": 'Basic realm="Earwitness", charset="UTF-8"'}
        return errors.as_json(401, "the site asks for its password", challenge)
    wanted = f"{request.url.path}?{request.url.query}".rstrip("?")
    if wanted == "/" or request.method != "GET":
        return RedirectResponse("/login", 303)
    return RedirectResponse(f"/login?{urlencode({'next': wanted})}", 303)


def _wanted(address: str) -> str:
    """The address to go on to, if it is one of this site; else the first page."""
    return address if _of_this_site(address) else "/"


def _basic(headers: Headers) -> str | None:
    """The password of an Authorization header (RFC 7617)."""
    scheme, _, coded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(coded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None
