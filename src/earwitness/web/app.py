"""The table of contents of the site: every address, and the rules that all requests pass.

``build`` makes the application for one data folder. It opens the store when it starts and, when it
ends, stops what it has running; nothing is kept between two applications in one process.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route
from starlette.types import Lifespan

from earwitness import history
from earwitness.claims import registry
from earwitness.experiment.design import Claim
from earwitness.library import bundled
from earwitness.store.connection import open_store
from earwitness.web import (
    access,
    ask,
    checks,
    claims,
    doctor,
    episodes,
    errors,
    exporting,
    predictions,
    review,
    runs,
    search,
    security,
    settings,
    shows,
    snips,
    static_files,
)
from earwitness.web.api.routes import API
from earwitness.web.jobs.asking import Asking
from earwitness.web.jobs.checking import Checking
from earwitness.web.jobs.embedding import Embedding
from earwitness.web.jobs.running import Running
from earwitness.web.panels import Panels
from earwitness.web.pulse import Pulse
from earwitness.web.shelf import Shelf
from earwitness.web.site import Serving, Site
from earwitness.web.tokens import Tokens, kept_key

_WORTH_PACKING_BYTES = 1024

PAGES = [
    Route("/", shows.index),
    Route("/shows/{show}", shows.show),
    Route("/episodes/{episode:path}", episodes.episode),
    Route("/media/{episode:path}", episodes.recording),
    Route("/search", search.index),
    Route("/ask", ask.index),
    Route("/ask", ask.ask, methods=["POST"]),
    Route("/ask/stream", ask.stream, methods=["POST"]),
    Route("/snips", snips.index),
    Route("/snips", snips.make, methods=["POST"]),
    Route("/snips/download/{format}", exporting.download),
    Route("/snips/{snip}", snips.snip),
    Route("/snips/{snip}", snips.save, methods=["POST"]),
    Route("/snips/{snip}/form", snips.form),
    Route("/snips/{snip}/favourite", snips.favourite, methods=["POST"]),
    Route("/snips/{snip}/delete", snips.delete, methods=["POST"]),
    Route("/snips/{snip}/undo", snips.undo, methods=["POST"]),
    Route("/snips/{snip}/quote.svg", snips.picture),
    Route("/review", review.index),
    Route("/review/grade", review.grade, methods=["POST"]),
    Route("/review/undo", review.undo, methods=["POST"]),
    Route("/review/suspend", review.suspend, methods=["POST"]),
    Route("/review/cards", review.index_of_cards),
    Route("/review/cards", review.make, methods=["POST"]),
    Route("/review/statistics", review.figures),
    Route("/claims", claims.index),
    Route("/claims/{claim}", claims.claim),
    Route("/claims/{claim}/runs", claims.start, methods=["POST"]),
    Route("/claims/{claim}/runs", claims.runs_of),
    Route("/runs/compare", runs.compare),
    Route("/runs/{run}", runs.run),
    Route("/runs/{run}/stream", runs.stream),
    Route("/runs/{run}/stop", runs.stop, methods=["POST"]),
    Route("/runs/{run}/download.{ending}", runs.download),
    Route("/checks", checks.index),
    Route("/checks/plan", checks.plan, methods=["POST"]),
    Route("/checks/plan", checks.unplanned),
    Route("/checks/plan/{ticket}", checks.planned),
    Route("/checks", checks.carry_out, methods=["POST"]),
    Route("/checks/{check}", checks.check),
    Route("/checks/{check}/download/{format}", checks.download),
    Route("/predictions", predictions.index),
    Route("/settings", settings.index),
    Route("/settings", settings.choose, methods=["POST"]),
    Route("/doctor", doctor.index),
    Route("/login", access.login),
    Route("/login", access.say, methods=["POST"]),
    Route("/static/{version}/{name}", static_files.serve),
]


def build(serving: Serving) -> Starlette:
    """The application. Raises StoreError when it starts and the store cannot be used."""
    tokens = Tokens(kept_key(serving.folder))
    app = Starlette(
        routes=[*PAGES, *API],
        middleware=[
            Middleware(
                security.Guard,
                names=(serving.host, *serving.names),
                any_address=not security.is_loopback(serving.host),
            ),
            Middleware(GZipMiddleware, minimum_size=_WORTH_PACKING_BYTES, compresslevel=5),
            Middleware(access.Door, password=serving.password, tokens=tokens),
        ],
        exception_handlers={
            HTTPException: errors.told,
            Exception: errors.unexpected,
            **dict.fromkeys(errors.STATUSES, errors.told),
        },
        lifespan=_opened(serving),
    )
    app.state.tokens = tokens
    app.state.guarded = serving.password is not None
    return app


def _opened(serving: Serving) -> Lifespan[Starlette]:
    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        with open_store(serving.folder) as store:
            bundled.shelve(store)
            loaded, broken = registry.loadable()
            running = Running(store)
            embedding = Embedding(store)
            pulse = Pulse(store.file)
            app.state.site = Site(
                serving=serving,
                store=store,
                shelf=Shelf(store),
                panels=Panels(store),
                claims=_in_page_order(loaded),
                broken=broken,
                running=running,
                checking=Checking(store),
                asking=Asking(),
                pulse=pulse,
            )
            embedding.begin()
            try:
                yield
            finally:
                embedding.close()
                running.close()

    return lifespan


def _in_page_order(loaded: Mapping[str, Claim]) -> dict[str, Claim]:
    return {id: loaded[id] for id in history.in_page_order(loaded)}
