"""``earwitness doctor``: what is here, what is missing, and the command that installs it."""

import sys
from pathlib import Path

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from earwitness import health
from earwitness.cli import options
from earwitness.cli.errors import CANNOT
from earwitness.cli.saying import say
from earwitness.health import Health
from earwitness.servers import workspace
from earwitness.store.connection import data_folder


@click.command()
@options.output_format("text", "json")
@options.data
def doctor(format_: str, data: Path | None) -> None:
    """Check components, claims and the store; sweep up after runs that were killed."""
    swept = [str(remains.folder) for remains in workspace.sweep()]
    found = health.examine(data_folder(data))
    document = msgspec.structs.replace(found.document, swept=tuple(swept))
    say(document, format_, lambda _: _print(found, swept))
    sys.exit(0 if found.ok else CANNOT)


def _print(found: Health, swept: list[str]) -> None:
    terminal = Console()
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("Component", "Version", "From, or how to get it"):
        table.add_column(column)
    for component in found.components:
        version = component.version or "[yellow]missing[/yellow]"
        table.add_row(component.name, version, component.source or health.how_to_get(component))
    for claim, state in found.claims.items():
        table.add_row(f"claim {claim}", "", state)
    table.add_row("store", "", f"{found.folder}: {found.store}")
    for name, value in found.environment.items():
        table.add_row(f"[dim]{name}[/dim]", "", value)
    terminal.print(table)
    for folder in swept:
        terminal.print(f"cleared up after a run that was killed: {folder}")
