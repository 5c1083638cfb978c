"""One line of the table of real components: what is here, from where, or what would help.

A value only; who looks for a component stands in the room of its server.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Component:
    """A component that experiments use. Found: ``version`` and ``source``; else ``missing``."""

    name: str
    version: str | None = None
    source: str | None = None
    """Where it comes from: a package, a folder."""
    missing: str | None = None
    """Why it cannot be used; None when it can."""
    install: str | None = None
    """The command that would help, where there is one."""
