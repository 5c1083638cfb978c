"""``/claims`` and ``/claims/...``: the table of all claims, and one claim with its history."""

import secrets
from collections.abc import Mapping
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from earwitness.claims.registry import BrokenClaim, UnknownClaim
from earwitness.experiment.design import Claim, Depth
from earwitness.experiment.prediction import Prediction, Unclear
from earwitness.launcher import Request as RunRequest
from earwitness.library import browsing
from earwitness.library.catalogue import ShelvedEpisode
from earwitness.store import runs
from earwitness.store.runs import RunRecord
from earwitness.web import forms, predicting, rendering, site, standing
from earwitness.web.site import Site

SEEDS = 2**31
"""Seeds are below this, so that they can be typed again."""
_SHOWN_RUNS = 30

DEPTHS: Mapping[Depth, str] = {
    Depth.PROOF: "for seconds",
    Depth.STUDY: "minutes: intervals, and the boundary",
    Depth.FULL: "everything that the claim can measure",
}


def index(request: Request) -> Response:
    """Every claim with its verdict here."""
    here = site.of(request)
    return rendering.page(
        request,
        "claims.html.j2",
        standings=list(standing.standings(here).values()),
        broken=here.broken,
        shelf=here.shelf,
        episodes=_episodes(here),
    )


def claim(request: Request) -> Response:
    """One claim: what is said, the prediction, the newest run, and all runs."""
    here = site.of(request)
    return _page(request, here, find(here, request.path_params["claim"]))


async def start(request: Request) -> Response:
    """Predict, then run."""
    here = site.of(request)
    one = find(here, request.path_params["claim"])
    form = await forms.read(request)
    try:
        predictions = predicting.read(form, one)
    except Unclear as problem:
        said = {name: form.one(name) for name in _names(one)}
        return await run_in_threadpool(
            _page, request, here, one, unclear=str(problem), said=said, status=422
        )
    wanted = _request(one, form.one("depth") or Depth.PROOF, predictions)
    record = await run_in_threadpool(here.running.start, wanted)
    return RedirectResponse(f"/runs/{record.id}", 303)


def runs_of(request: Request) -> Response:
    """The runs of a claim stand on its page."""
    return RedirectResponse(f"/claims/{quote(request.path_params['claim'])}", 303)


def find(here: Site, id: str) -> Claim:
    """The installed claim of that id. Raises UnknownClaim and BrokenClaim."""
    if id in here.broken:
        raise BrokenClaim(here.broken[id])
    if id not in here.claims:
        raise UnknownClaim("No installed package brings a claim of that name.")
    return here.claims[id]


def depths(claim: Claim) -> list[tuple[Depth, str]]:
    """The depths at which a claim does something of its own, the least first."""
    planned = {depth for experiment in claim.experiments for depth in experiment.plans}
    return [(depth, told) for depth, told in DEPTHS.items() if depth in planned]


def _request(claim: Claim, depth: str, predictions: list[Prediction]) -> RunRequest:
    if depth not in tuple(Depth):
        raise HTTPException(422, f"A run has the depth {', '.join(Depth)}, and no other.")
    return RunRequest(
        claim=claim.id,
        depth=Depth(depth),
        seed=secrets.randbelow(SEEDS),
        predictions=predictions,
    )


def _page(
    request: Request,
    here: Site,
    claim: Claim,
    *,
    unclear: str | None = None,
    said: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    one = standing.standings(here)[claim.id]
    return rendering.page(
        request,
        "claim_page.html.j2",
        status=status,
        claim=claim,
        standing=one,
        run=None if one.newest is None else here.shelf.document(one.newest),
        history=_history(here, claim.id),
        depths=depths(claim),
        fields=predicting.fields(claim),
        episode=_episodes(here).get(claim.id),
        unclear=unclear,
        said=said or {},
    )


def _names(claim: Claim) -> list[str]:
    named = [field.name for field in predicting.fields(claim)]
    return [*named, predicting.VERDICT_FIELD, predicting.SURENESS_FIELD, "depth"]


def _history(here: Site, claim: str) -> list[RunRecord]:
    return runs.every(here.store, claim=claim, most=_SHOWN_RUNS)


def _episodes(here: Site) -> dict[str, ShelvedEpisode]:
    """The episode that makes each claim, where it is in the library."""
    found: dict[str, ShelvedEpisode] = {}
    for episode in browsing.claiming(here.store):
        for claim in episode.facts.claims:
            found.setdefault(claim, episode)
    return found
