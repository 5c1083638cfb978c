"""``/`` and ``/shows/...``: the shows, and the episodes of one with where their claims stand."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from earwitness.library import browsing, catalogue
from earwitness.library import snip_catalogue as read
from earwitness.library.browsing import Order, Wanted
from earwitness.web import rendering, site, standing

ORDERS: Mapping[Order, str] = {
    Order.NEWEST: "Newest first",
    Order.OLDEST: "Oldest first",
    Order.LONGEST: "Longest first",
    Order.SHORTEST: "Shortest first",
    Order.TITLE: "By title",
}
_LONGEST_FILTER = 200
_LATEST = 6
"""Episodes of all shows on the first page."""


def index(request: Request) -> Response:
    """All shows, and what was found out on this machine."""
    here = site.of(request)
    standings = standing.standings(here)
    measured = [one for one in standings.values() if one.newest]
    newest = sorted(measured, key=lambda one: one.newest.started_at, reverse=True)  # type: ignore[union-attr]
    return rendering.page(
        request,
        "shows.html.j2",
        shows=catalogue.shows(here.store),
        measured=newest,
        latest=browsing.latest(here.store, _LATEST),
        standings=standings,
        own=read.counts(here.store),
        under_way=[one for one in standings.values() if one.under_way],
        first=next((one for one in standings.values() if one.installed), None),
    )


def show(request: Request) -> Response:
    """One show; for htmx only the part of its list that was asked for."""
    here = site.of(request)
    shelved = catalogue.find_show(here.store, request.path_params["show"])
    wanted = wanted_of(shelved.id, request.query_params)
    part = rendering.is_part(request)
    values: dict[str, Any] = {
        "show": shelved,
        "wanted": wanted,
        "page": browsing.page(here.store, wanted),
        "standings": standing.standings(here),
        "own": read.counts(here.store),
        "orders": ORDERS,
        "continued": part and wanted.first > 0,
    }
    return rendering.page(request, "episodes.html.j2" if part else "show.html.j2", **values)


def wanted_of(show: str, query: Mapping[str, str]) -> Wanted:
    """What a query asks for; what makes no sense in it is taken as not said."""
    order = query.get("order", "")
    first = query.get("first", "0")
    return Wanted(
        show=show,
        words=query.get("words", "")[:_LONGEST_FILTER].strip(),
        order=Order(order) if order in tuple(Order) else Order.NEWEST,
        only_claims=query.get("claims") == "1",
        first=int(first) if first.isascii() and first.isdigit() and len(first) < 8 else 0,
    )
