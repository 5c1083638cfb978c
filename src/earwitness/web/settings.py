"""``/settings``: how pages look in this browser, and what the site itself was started with."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

import earwitness
from earwitness.library.recognition import engine
from earwitness.library.search.embedding import model, vectors
from earwitness.web import ask, forms, preferences, rendering, security, site


def index(request: Request) -> Response:
    """What can be chosen, and what was."""
    here = site.of(request)
    endpoint, problem = ask.model_of()
    return rendering.page(
        request,
        "settings.html.j2",
        serving=here.serving,
        store=here.store.file,
        store_bytes=here.store.file.stat().st_size,
        themes=preferences.THEMES,
        skips=preferences.SKIPS,
        endpoint=endpoint,
        problem=problem,
        recognition=engine.states(),
        get_embedding_model=None if model.is_installed() else model.INSTALL,
        embedded=vectors.counts(here.store),
        loopback=security.is_loopback(here.serving.host),
        version=earwitness.__version__,
    )


async def choose(request: Request) -> Response:
    """Keep what was chosen in the browser."""
    form = await forms.read(request)
    answer = RedirectResponse("/settings", 303)
    preferences.keep(answer, preferences.understood(form.one("theme"), form.one("skip")))
    return answer
