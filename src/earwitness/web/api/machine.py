"""Checks of other systems and the state of this one as JSON."""

from earwitness import checks, health
from earwitness.report import json
from earwitness.web import checks as pages
from earwitness.web.api import values
from earwitness.web.api.operation import Nothing, Operation
from earwitness.web.site import Site


def _plan(_here: Site, _path: dict[str, str], sent: values.CheckOrder) -> bytes:
    return json.encode(_order(sent).plan)


def _carry_out(here: Site, _path: dict[str, str], sent: values.CheckOrder) -> bytes:
    record = here.checking.carry_out(_order(sent))
    return json.encode(checks.document_of(here.store, record))


def _checks(here: Site, _path: dict[str, str], query: values.MostQuery) -> list[values.Check]:
    return [
        values.Check(
            id=record.id,
            kind=record.claim.removeprefix("check:"),
            outcome=record.verdict,
            message=record.message,
            checked_at=record.started_at,
        )
        for record in pages.every(here, query.most)
    ]


def _check(here: Site, path: dict[str, str], _query: Nothing) -> bytes:
    return json.encode(checks.document_of(here.store, pages.find(here, path["check"])))


def _doctor(here: Site, _path: dict[str, str], _query: Nothing) -> object:
    return health.examine(here.serving.folder).document


def _order(sent: values.CheckOrder) -> checks.Order:
    return pages.ordered(sent.target, sent.claims, sent.options)


OPERATIONS = (
    Operation(
        name="plan-check",
        method="POST",
        path="/api/checks/plan",
        summary="What a check would do, without connecting: earwitness/plan/1",
        act=_plan,
        body=values.CheckOrder,
        refuses=(404, 413, 415, 422, 503),
    ),
    Operation(
        name="start-check",
        method="POST",
        path="/api/checks",
        summary="Check a target, read-only: earwitness/check/1",
        act=_carry_out,
        body=values.CheckOrder,
        refuses=(404, 413, 415, 422, 429, 503),
    ),
    Operation(
        name="checks",
        method="GET",
        path="/api/checks",
        summary="Past checks, newest first",
        act=_checks,
        query=values.MostQuery,
        gives=list[values.Check],
    ),
    Operation(
        name="check",
        method="GET",
        path="/api/checks/{check}",
        summary="A check whole: the document earwitness/check/1",
        act=_check,
        refuses=(404,),
    ),
    Operation(
        name="doctor",
        method="GET",
        path="/api/doctor",
        summary="What is here and what is missing: earwitness/doctor/1",
        act=_doctor,
    ),
)
