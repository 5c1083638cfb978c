"""Which runtime clients functions can run with on this machine.

Looks for them and says how each is started; what a function is and when it runs is the host's
business. The streaming one for Python is our own program (``custom_runtime``), because AWS's
client for Python does not stream; it is what AWS's documentation calls a custom runtime.
"""

import importlib.metadata
import importlib.util
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from earwitness.servers import folders
from earwitness.servers.component import Component
from earwitness.servers.process import MissingComponent, User

_CUSTOM = Path(__file__).with_name("custom_runtime.py")


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """A runtime client: a command that takes the handler as its last argument."""

    name: str
    """As in "awslambdaric 4.2.2 on Python 3.11.7"."""
    source: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: User | None = None
    """Whom functions run as; None: as we do."""


def official_python() -> Runtime:
    """AWS's client for Python, from the wheel awslambdaric; it answers buffered only.

    Functions see the packages that are installed beside it. MissingComponent without the wheel.
    """
    found = importlib.util.find_spec("awslambdaric")
    if found is None or found.origin is None:
        raise MissingComponent(
            "AWS's runtime client for Python is not installed", "pip install 'earwitness[lambda]'"
        )
    site = Path(found.origin).parents[1]
    version = importlib.metadata.version("awslambdaric")
    return Runtime(
        name=f"awslambdaric {version} on Python {platform.python_version()}",
        source=f"wheel awslambdaric {version}",
        command=(sys.executable, "-m", "awslambdaric"),
        environment={"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"},
        user=folders.reaching(Path(sys.executable), site),
    )


def component() -> Component:
    """The line of AWS's client for Python in the table of components."""
    try:
        found = official_python()
    except MissingComponent as missing:
        return Component(name="awslambdaric", missing=missing.reason, install=missing.install)
    return Component(
        name="awslambdaric", version=found.source.rpartition(" ")[2], source=found.source
    )


def custom_python() -> Runtime:
    """A custom runtime for Python that streams; our own, standard library only."""
    return Runtime(
        name=f"custom runtime on Python {platform.python_version()}",
        source="Earwitness",
        command=(sys.executable, "-I", "-S", "-B", str(_CUSTOM)),
        user=folders.reaching(Path(sys.executable), _CUSTOM),
    )
