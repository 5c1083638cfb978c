"""Errors in words: what a page, the API, and a refusal say when something cannot be had.

What a user can act on is said as it is; of anything else the page says only that it is a fault of
ours, and the log has the traceback.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from earwitness.check.target import NotATarget
from earwitness.checks import CannotCheck
from earwitness.claims.registry import BrokenClaim, UnknownClaim
from earwitness.experiment.prediction import Unclear
from earwitness.library.catalogue import NotInLibrary
from earwitness.library.export.files import CannotExport
from earwitness.library.review.cards import GradedMeanwhile, NoSuchCard
from earwitness.library.snip_catalogue import NoSuchSnip
from earwitness.library.snips import ChangedMeanwhile
from earwitness.report.assembly import NothingRecorded
from earwitness.store.errors import StoreError
from earwitness.store.runs import UnknownRun
from earwitness.trouble import Trouble
from earwitness.web import rendering
from earwitness.web.jobs.checking import Expired
from earwitness.web.jobs.limits import TooMany
from earwitness.web.security import HEADERS

LOG = logging.getLogger("earwitness.web")

STATUSES: Mapping[type[Exception], int] = {
    NotInLibrary: 404,
    NoSuchSnip: 404,
    NoSuchCard: 404,
    UnknownClaim: 404,
    UnknownRun: 404,
    NothingRecorded: 404,
    ChangedMeanwhile: 409,
    GradedMeanwhile: 409,
    Expired: 410,
    NotATarget: 422,
    CannotCheck: 422,
    Unclear: 422,
    TooMany: 429,
    CannotExport: 503,
    BrokenClaim: 503,
    StoreError: 503,
    Trouble: 422,
}
"""Errors that a reader can act on, with the status that says whose turn it is."""

_TITLES: Mapping[int, str] = {
    401: "This needs the password",
    403: "This was not carried out",
    404: "There is nothing here",
    405: "That cannot be done with this page",
    409: "Somebody was faster",
    410: "Too late for that",
    413: "That is too much",
    422: "That could not be understood",
    429: "Too much at once",
    500: "Something went wrong in Earwitness",
    503: "This cannot be had at the moment",
}


def told(request: Request, problem: Exception) -> Response:
    """The answer for a problem: a page, or JSON below ``/api/``."""
    status, words = _understood(problem)
    headers = dict(problem.headers or {}) if isinstance(problem, HTTPException) else {}
    if isinstance(problem, TooMany):
        headers["Retry-After"] = str(round(problem.seconds) + 1)
    if request.url.path.startswith("/api/"):
        return as_json(status, words, headers)
    template = "problem.html.j2" if rendering.is_part(request) else "error.html.j2"
    answer = rendering.page(
        request, template, status=status, title=_TITLES.get(status, "Sorry"), problem=words
    )
    answer.headers.update(headers)
    return answer


def unexpected(request: Request, problem: Exception) -> Response:
    """The answer for a fault of ours; the traceback goes to the log."""
    LOG.error("%s %s", request.method, request.url.path, exc_info=problem)
    answer = told(request, HTTPException(500, "It is a fault of ours. The log has the details."))
    answer.headers.update(HEADERS)  # it is made outside of what puts them on every other answer
    return answer


def as_json(status: int, words: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error of the API."""
    body = msgspec.json.encode({"schema": "earwitness/error/1", "status": status, "error": words})
    return Response(body, status, dict(headers or {}), media_type="application/json")


def _understood(problem: Exception) -> tuple[int, str]:
    if isinstance(problem, HTTPException):
        return problem.status_code, _words_of(problem)
    kinds = [kind for kind in type(problem).__mro__ if kind in STATUSES]
    return STATUSES[kinds[0]], str(problem)


def _words_of(problem: HTTPException) -> str:
    """What was said of it; the bare name of a status, which Starlette puts there, says nothing."""
    status = problem.status_code
    if problem.detail != HTTPStatus(status).phrase:
        return problem.detail
    return {
        404: "No page has this address. It may have been mistyped, or what it showed is gone.",
        405: "The page is there, but not for that.",
    }.get(status, problem.detail)
