"""How a reader wants pages to be: kept in a cookie of their browser, so that it needs no script."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import Response

THEMES = ("system", "light", "dark")
SKIPS = (10, 15, 30)
"""Seconds that the longer skip goes."""
_COOKIES = ("earwitness-theme", "earwitness-skip")
_KEPT_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True)
class Preferences:
    """What was chosen, or what holds until something is."""

    theme: str = THEMES[0]
    skip_seconds: int = SKIPS[1]


def of(request: HTTPConnection) -> Preferences:
    """The preferences of a browser; what it says that is no choice here is ignored."""
    theme, skip = (request.cookies.get(name, "") for name in _COOKIES)
    return understood(theme, skip)


def understood(theme: str, skip: str) -> Preferences:
    """The preferences from texts."""
    skips: Mapping[str, int] = {str(seconds): seconds for seconds in SKIPS}
    return Preferences(
        theme=theme if theme in THEMES else THEMES[0],
        skip_seconds=skips.get(skip, SKIPS[1]),
    )


def keep(answer: Response, chosen: Preferences) -> None:
    """Write them into the browser."""
    for name, value in zip(_COOKIES, (chosen.theme, str(chosen.skip_seconds)), strict=True):
        answer.set_cookie(name, value, max_age=_KEPT_SECONDS, httponly=True, samesite="strict")
