"""All real components that experiments use: what of them is here, from where, what would help.

Only gathers; who looks for a component stands in the room of its server. A room whose own wheels
are missing is told as missing.
"""

import importlib

from earwitness.servers.component import Component

_ROOMS = (
    "postgres",
    "pgbench",
    "mongod",
    "disk",
    "nginx",
    "haproxy",
    "terminators",
    "go",
    "node",
    "function_host",
    "cloud",
    "bird",
    "exabgp",
    "wire",
)
_INSTALL = "pip install 'earwitness[embedded]'"


def components() -> tuple[Component, ...]:
    """One line for each component, found or missing."""
    return tuple(component for room in _ROOMS for component in _components_of(room))


def _components_of(room: str) -> tuple[Component, ...]:
    try:
        module = importlib.import_module(f"earwitness.servers.{room}")
    except ModuleNotFoundError as absent:
        reason = f"the Python package {absent.name} is missing"
        return (Component(name=room.replace("_", " "), missing=reason, install=_INSTALL),)
    found: tuple[Component, ...] = module.components()
    return found
