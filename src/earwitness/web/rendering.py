"""Pages from templates: the engine, what every page knows, and the cookie that forms rely on.

Templates of claims are those of the reports, with the same vocabulary. Every value is escaped by
the engine; what is marked as safe was made by ``charts`` and ``covers``, which escape their own
texts, or was sanitised when it was read. A request by htmx for a part of a page gets that part.
"""

import functools
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from earwitness.report import check_words, quantities
from earwitness.report.html import VOCABULARY
from earwitness.report.unparted import unparted
from earwitness.web import covers, navigation, preferences, static_files
from earwitness.web.tokens import COOKIE, Tokens

_COOKIE_SECONDS = 365 * 24 * 3600


def page(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A whole page, or the part of it that the template makes."""
    tokens: Tokens = request.app.state.tokens
    cookie = request.cookies.get(COOKIE) or tokens.new_cookie()
    text = (
        _environment()
        .get_template(template)
        .render(
            here=request.url.path,
            navigation=navigation.ROOMS,
            preferences=preferences.of(request),
            guarded=request.app.state.guarded,
            token=functools.partial(tokens.make, cookie),
            **values,
        )
    )
    answer = HTMLResponse(text, status)
    if COOKIE not in request.cookies:
        answer.set_cookie(COOKIE, cookie, max_age=_COOKIE_SECONDS, httponly=True, samesite="strict")
    return answer


def fragment(template: str, **values: object) -> str:
    """A part of a page that needs neither forms nor the request."""
    return _environment().get_template(template).render(**values)


def is_part(request: Request) -> bool:
    """Whether htmx asks for a part of the page."""
    return request.headers.get("hx-request") == "true"


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("earwitness.web"), PackageLoader("earwitness.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(VOCABULARY)
    environment.globals.update(
        static=static_files.address,
        cover=covers.svg_of,
        quantities=quantities,
        check_words=check_words,
    )
    environment.filters["unparted"] = unparted
    environment.filters["path"] = functools.partial(quote, safe="/")
    return environment
