"""What is here and what is missing: components, claims, the store, the machine.

Looks, and changes nothing; sweeping up after killed runs is the affair of who asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from earwitness.claims import registry
from earwitness.experiment import consistency, machine
from earwitness.report.health_document import ComponentRow, DoctorDocument, StoreRow
from earwitness.servers.component import Component
from earwitness.servers.inventory import components
from earwitness.store.connection import open_store
from earwitness.store.errors import StoreError


@dataclass(frozen=True, kw_only=True)
class Health:
    """How an installation is; a state is ``ok``, or what is wrong in words."""

    components: tuple[Component, ...]
    claims: Mapping[str, str]
    """State of each installed claim, by id."""
    folder: Path
    store: str
    """State of the store in the folder."""
    environment: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether claims and store are usable; components may be missing."""
        return self.store == "ok" and all(state == "ok" for state in self.claims.values())

    @property
    def document(self) -> DoctorDocument:
        """The same as JSON has it."""
        return DoctorDocument(
            environment=dict(self.environment),
            components=tuple(_row(component) for component in self.components),
            claims=dict(self.claims),
            store=StoreRow(folder=str(self.folder), state=self.store),
        )


def examine(folder: Path) -> Health:
    """Look at everything, with the store of that data folder."""
    return Health(
        components=components(),
        claims={id: _state_of(id) for id in registry.ids()},
        folder=folder,
        store=_state_of_store(folder),
        environment=machine.environment(),
    )


def _state_of(claim: str) -> str:
    try:
        installed = registry.find(claim)
        problems = consistency.problems(installed.claim)
        _ = installed.open_bench
    except registry.BrokenClaim as problem:
        return str(problem)
    return "; ".join(problems) or "ok"


def _state_of_store(folder: Path) -> str:
    try:
        with open_store(folder) as store:
            return store.integrity()
    except StoreError as problem:
        return str(problem)


def _row(component: Component) -> ComponentRow:
    return ComponentRow(
        name=component.name,
        version=component.version,
        source=component.source,
        missing=component.missing,
        install=component.install,
    )


def how_to_get(component: Component) -> str:
    """Why a component is missing, and the command that installs it."""
    if component.install is None:
        return component.missing or ""
    return f"{component.missing}; to install it: {component.install}"
