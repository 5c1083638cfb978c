"""``earwitness doctor``: what is here, what is missing, and the command that installs it."""

import json
import sys
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from earwitness.claims import registry
from earwitness.cli import options
from earwitness.cli.errors import CANNOT
from earwitness.experiment import consistency, machine
from earwitness.servers import workspace
from earwitness.servers.component import Component
from earwitness.servers.inventory import components
from earwitness.store.connection import data_folder, open_store
from earwitness.store.errors import StoreError


@click.command()
@options.output_format("text", "json")
@options.data
def doctor(format_: str, data: Path | None) -> None:
    """Check components, claims and the store; sweep up after runs that were killed."""
    swept = workspace.sweep()
    found = components()
    claims = {id: _state_of(id) for id in registry.ids()}
    store = _state_of_store(data_folder(data))
    healthy = store == "ok" and all(state == "ok" for state in claims.values())
    if format_ == "json":
        document = {
            "schema": "earwitness/doctor/1",
            "environment": machine.environment(),
            "components": [_row(component) for component in found],
            "claims": claims,
            "store": {"folder": str(data_folder(data)), "state": store},
            "swept": [str(remains.folder) for remains in swept],
        }
        print(json.dumps(document, indent=2))
    else:
        _print(found, claims, f"{data_folder(data)}: {store}", [str(s.folder) for s in swept])
    sys.exit(0 if healthy else CANNOT)


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


def _row(component: Component) -> dict[str, str | None]:
    return {
        "name": component.name,
        "version": component.version,
        "source": component.source,
        "missing": component.missing,
        "install": component.install,
    }


def _how_to_get(component: Component) -> str:
    if component.install is None:
        return component.missing or ""
    return f"{component.missing}; to install it: {component.install}"


def _print(
    found: tuple[Component, ...], claims: dict[str, str], store: str, swept: list[str]
) -> None:
    terminal = Console()
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("Component", "Version", "From, or how to get it"):
        table.add_column(column)
    for component in found:
        version = component.version or "[yellow]missing[/yellow]"
        table.add_row(component.name, version, component.source or _how_to_get(component))
    for claim, state in claims.items():
        table.add_row(f"claim {claim}", "", state)
    table.add_row("store", "", store)
    for name, value in machine.environment().items():
        table.add_row(f"[dim]{name}[/dim]", "", value)
    terminal.print(table)
    for folder in swept:
        terminal.print(f"cleared up after a run that was killed: {folder}")
