"""The password, where there is one: a page to say it on, a cookie that shows it was said.

Programs say it with every request, as the password of HTTP Basic authentication under any name.
Guesses are bounded in rate for all visitors together. Without a password everybody who reaches the
site is let in, which is why it then listens on loopback only.
"""

import base64
import binascii
import hmac

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
_MOST_GUESSES, _STRETCH_SECONDS = 10, 60.0


class Door:
    """Sends visitors to the page for the password until they have said it."""

    def __init__(self, app: ASGIApp, password: str | None, tokens: Tokens) -> None:
        self._app = app
        self._password = password
        self._tokens = tokens
        self._guesses = Rate(_MOST_GUESSES, _STRETCH_SECONDS, "too many guesses")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, or ask for the password."""
        if scope["type"] != "http" or self._password is None:
            await self._app(scope, receive, send)
            return
        scope["earwitness.door"] = self
        if scope["path"].startswith(_OPEN) or self._knows(Request(scope)):
            await self._app(scope, receive, send)
        else:
            await _asked_for(scope)(scope, receive, send)

    def admits(self, said: str) -> bool:
        """Whether that is the password. Raises TooMany after too many that were not."""
        self._guesses.look()
        right = hmac.compare_digest(said.encode(), (self._password or "").encode())
        if not right:
            self._guesses.take()
        return right

    def _knows(self, request: Request) -> bool:
        cookie = request.cookies.get(COOKIE, "")
        if self._tokens.holds(request.cookies.get(VISITOR, ""), cookie, "visitor"):
            return True
        said = _basic(request.headers)
        if said is None:
            return False
        try:
            return self.admits(said)
        except TooMany:
            return False


def login(request: Request) -> Response:
    """The page that asks."""
    return rendering.page(request, "login.html.j2", wrong=False)


async def say(request: Request) -> Response:
    """Take what was said; in, or asked again."""
    form = await forms.read(request)
    door: Door | None = request.scope.get("earwitness.door")
    if door is None:
        return RedirectResponse("/", 303)
    if not door.admits(form.one("password")):
        return rendering.page(request, "login.html.j2", status=403, wrong=True)
    answer = RedirectResponse("/", 303)
    tokens: Tokens = request.app.state.tokens
    token = tokens.make(request.cookies.get(COOKIE, ""), "visitor")
    answer.set_cookie(VISITOR, token, httponly=True, samesite="strict")
    return answer


def _asked_for(scope: Scope) -> Response:
    if scope["path"].startswith("/api/"):
        challenge = {"WWW-Authenticate": 'Basic realm="Earwitness", charset="UTF-8"'}
        return errors.as_json(401, "the site asks for its password", challenge)
    return RedirectResponse("/login", 303)


def _basic(headers: Headers) -> str | None:
    """The password of an Authorization header (RFC 7617)."""
    scheme, _, coded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(coded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None
