"""``earwitness listen``: the half of the plug-pull test on the machine that keeps its power."""

from pathlib import Path

import click

from earwitness.claims.fsync.plug_listener import Listener


@click.command()
@click.argument("port", type=click.IntRange(0, 65535))
@click.option("--host", default="", metavar="ADDRESS", help="Where to listen; default: everywhere.")
@click.option(
    "--memory",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("earwitness-listen.json"),
    show_default=True,
    help="The file that remembers what was promised.",
)
def listen(port: int, host: str, memory: Path) -> None:
    """Remember what another machine called safe.

    It listens on PORT until that machine, after its power was cut, asks which records those were.
    """
    try:
        listener = Listener(host, port, memory, tell=click.echo)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="--memory") from None
    except OSError as problem:
        raise click.ClickException(f"cannot listen on port {port}: {problem}") from problem
    click.echo(f"listening on {listener.address}; end with Ctrl-C")
    try:
        listener.serve()
    except KeyboardInterrupt:
        listener.close()
