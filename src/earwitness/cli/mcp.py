"""``earwitness mcp``: serve the library to an assistant, over standard input and output."""

from pathlib import Path

import click

from earwitness.cli import options
from earwitness.store.connection import data_folder

_INSTALL = "pip install 'earwitness[mcp]'"


@click.command()
@click.option("--allow-write", is_flag=True, help="Also let it save snips and run claims.")
@options.data
def mcp(*, allow_write: bool, data: Path | None) -> None:
    """Serve search, answers, claims and verdicts to an assistant of yours (MCP, stdio).

    The assistant starts this command itself; see the how-to for its configuration.
    """
    try:
        from earwitness.mcp import server
    except ModuleNotFoundError as missing:
        if missing.name is None or not missing.name.startswith("mcp"):
            raise
        raise click.ClickException(f"the MCP SDK is not installed: {_INSTALL}") from missing
    server.serve(data_folder(data), allow_write=allow_write)
