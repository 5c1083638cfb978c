"""What every page has at hand: the store, the jobs of this process, and how it is being served.

One frozen value, made when the application starts and found by ``of``; nothing here is changed
later, and no module keeps a second one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import HTTPConnection

from earwitness.experiment.design import Claim
from earwitness.store.connection import Store
from earwitness.web.jobs.asking import Asking
from earwitness.web.jobs.checking import Checking
from earwitness.web.jobs.running import Running
from earwitness.web.panels import Panels
from earwitness.web.pulse import Pulse
from earwitness.web.shelf import Shelf


@dataclass(frozen=True, kw_only=True)
class Serving:
    """Where and for whom the site is served."""

    folder: Path
    """The data folder."""
    host: str = "127.0.0.1"
    port: int = 0
    password: str | None = field(default=None, repr=False)
    """What every visitor has to say first; None: nobody has to, which is for loopback only."""
    names: tuple[str, ...] = ()
    """Further names by which browsers may call the site, such as that of a proxy."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """The running site."""

    serving: Serving
    store: Store
    shelf: Shelf
    panels: Panels
    claims: Mapping[str, Claim]
    """All installed claims that can be loaded, in page order."""
    broken: Mapping[str, str]
    """Why others cannot, by id."""
    running: Running
    checking: Checking
    asking: Asking
    pulse: Pulse


def of(request: HTTPConnection) -> Site:
    """The site that a request came to."""
    site: Site = request.app.state.site
    return site
