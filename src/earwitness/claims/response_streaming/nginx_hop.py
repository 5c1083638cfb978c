"""A real nginx between client and function, in the three ways people configure it."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from earwitness.servers import nginx
from earwitness.servers.nginx import Nginx

_DIRECTIVES: Mapping[str, str] = {
    "nginx-http10": "proxy_http_version 1.0;",
    "nginx-http11": "proxy_http_version 1.1;",
    "nginx-unbuffered": "proxy_http_version 1.0; proxy_buffering off;",
}
"""By the word of an arm. The first is what nginx did by default for most of its life."""


@contextlib.contextmanager
def running(workspace: Path, name: str, target: str) -> Iterator[tuple[Nginx, str]]:
    """Nginx in front of the URL ``target``, and its own URL.

    MissingComponent without nginx, ServerFailed when it does not start.
    """
    config = (
        f"server {{ listen 127.0.0.1:@port:hop@; location / {{ {_DIRECTIVES[name]} "
        f"proxy_pass {target}; }} }}"
    )
    with nginx.running(nginx.find(), workspace, config=config, name=name) as server:
        yield server, f"http://127.0.0.1:{server.ports['hop']}/"
