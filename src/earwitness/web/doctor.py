"""``/doctor``: what is here, what is missing, and the command that installs it."""

from starlette.requests import Request
from starlette.responses import Response

from earwitness import health
from earwitness.web import rendering, site


def index(request: Request) -> Response:
    """The state of the installation, looked at now."""
    here = site.of(request)
    return rendering.page(request, "doctor.html.j2", health=health.examine(here.serving.folder))
