"""``earwitness serve``: the site, in a browser on this machine or behind a password for others."""

import contextlib
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import click

from earwitness.cli import options
from earwitness.store.connection import data_folder, open_store

PORT = 8765
PASSWORD_VARIABLE = "EARWITNESS_PASSWORD"  # noqa: S105 - the name of a variable
PASSWORD_FILE = "password"  # noqa: S105 - the name of a file
_OTHERS_MAY = 0o077
_PATIENCE_SECONDS = 1
"""How long open pages may take to notice that the site ends."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True)
@click.option("--name", "names", multiple=True, help="Also served under this name; repeatable.")
@click.option("--no-open", is_flag=True, help="Do not open a browser.")
@options.data
def serve(host: str, port: int, names: tuple[str, ...], no_open: bool, data: Path | None) -> None:
    """Open the site: shows, episodes, claims with live runs, checks, predictions."""
    folder = data_folder(data)
    password = _password(folder)
    with _needing_the_extra():
        import uvicorn

        from earwitness.web import security
        from earwitness.web.app import build
        from earwitness.web.site import Serving
    if password is None and not security.is_loopback(host):
        raise click.UsageError(_REFUSAL.format(host=host, file=folder / PASSWORD_FILE))
    with open_store(folder):
        pass  # what is wrong with it is told before anything listens
    listening = _listen(host, port)
    serving = Serving(
        folder=folder,
        host=host,
        port=listening.getsockname()[1],
        password=password,
        names=names,
    )
    address = f"http://{_in_address(host)}:{serving.port}/"
    print(address, flush=True)
    if not security.is_loopback(host):
        print(_OPEN_TO_OTHERS.format(port=listening.getsockname()[1]), file=sys.stderr)
    if not no_open and sys.stdout.isatty():
        threading.Timer(0.5, webbrowser.open, [address]).start()
    configuration = uvicorn.Config(
        build(serving),
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_PATIENCE_SECONDS,
    )
    with contextlib.suppress(KeyboardInterrupt):  # how one ends it; the runs are stopped by then
        uvicorn.Server(configuration).run(sockets=[listening])


_REFUSAL = (
    "on {host} others can reach the site, and it starts runs and connects to databases: it wants "
    f"a password. Set {PASSWORD_VARIABLE}, or write one into {{file}} and chmod it to 600."
)
_OPEN_TO_OTHERS = (
    "The password travels unencrypted from here on. For other machines put a proxy with TLS in "
    "front (Caddy: `reverse_proxy 127.0.0.1:{port} {{ flush_interval -1 }}`), let the site listen "
    "on loopback, and name it with --name."
)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens, so that a port in use is told in a line."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends at once (TCP_NODELAY) on sockets that say what they are only
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # who reads the address may come before the site is ready
    except OSError as problem:
        listening.close()
        raise click.ClickException(
            f"cannot listen on {host}, port {port}: {problem.strerror}; another --port may be free"
        ) from None
    return listening


def _password(folder: Path) -> str | None:
    """The password from the environment, else from a file that nobody else may read."""
    said = os.environ.get(PASSWORD_VARIABLE)
    if said:
        return said
    file = folder / PASSWORD_FILE
    try:
        if file.stat().st_mode & _OTHERS_MAY:
            raise click.ClickException(f"others may read {file}: chmod 600 {file}")
        return file.read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise click.ClickException(f"cannot read {file}: {problem.strerror}") from None


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextlib.contextmanager
def _needing_the_extra() -> Iterator[None]:
    try:
        yield
    except ImportError as problem:
        raise click.ClickException(
            f"the site needs more than is installed ({problem.name}): pip install 'earwitness[web]'"
        ) from None
