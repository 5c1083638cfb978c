"""Doors that are a real nginx: its configuration for each arm, and its reload.

Texts and their files; starting and reloading are the affair of ``servers.nginx``.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from earwitness.claims.mtls_resumption.door import Door, Lists
from earwitness.claims.mtls_resumption.ground import Ground
from earwitness.experiment.design import Arm, Setting
from earwitness.servers import nginx
from earwitness.servers.certificates import Issued

_LIFETIME_SECONDS = 300  # ssl_session_timeout, by default
_TICKET_KEY_BYTES = 80  # ssl_session_ticket_key, ngx_http_ssl_module


def open_nginx(stack: ExitStack, ground: Ground, arms: Iterable[Arm]) -> Mapping[str, Door]:
    """A door for every arm; MissingComponent when the machine has no nginx."""
    program = nginx.find()
    doors = {}
    for arm in arms:
        lists = ground.lists(arm.name)
        files = Files(ground.server, ground.authority.certificate, lists)
        key = ground.keep_secret(lists.revoked.with_name("ticket.key"), ticket_key())
        config = configuration(arm.settings, files, key)
        server = stack.enter_context(
            nginx.running(program, ground.folder, config=config, name=arm.name)
        )
        doors[arm.name] = Door(
            port=server.ports["door"],
            server=f"{server.version}, {built_with(program.said)}",
            source=program.source,
            ready_seconds=server.ready_seconds,
            take=partial(_take, server, files),
            require_alive=server.require_alive,
        )
    return doors


class Files:
    """The files that the configuration names; nothing is revoked at first."""

    def __init__(self, server: Issued, authority: Path, lists: Lists) -> None:
        self.server = server
        self.authority = authority
        self.revoked = lists.revoked
        self.serials = lists.revoked.with_name("serials.map")
        self._lists = lists
        self.publish(())

    def publish(self, revoked: Sequence[Issued]) -> None:
        """Replace the lists, and the serial numbers in the form of a map."""
        self._lists.publish(revoked)
        self.serials.write_text(
            "".join(f'"{as_openssl_prints(each.serial)}" 1;\n' for each in revoked)
        )
        self.serials.chmod(0o644)


def configuration(
    settings: Mapping[str, Setting], files: Files, ticket_key: Path | None, responder: str = ""
) -> str:
    """The ``http`` block of an arm.

    ``ticket_key``: None when the server draws its own. ``responder``: URL of whom it asks about
    certificates where the arm's ``ocsp`` says so: each time, or once and then from its cache.
    """
    asks = f"ssl_ocsp on; ssl_ocsp_responder {responder};"
    status = {
        "": "",
        "each": asks,
        "cached": f"{asks} ssl_ocsp_cache shared:answers:1m;",
    }[str(settings.get("ocsp", ""))]
    sealed_with = "" if ticket_key is None else f"ssl_session_ticket_key {ticket_key};"
    kept = {
        "tickets": f"ssl_session_tickets on; {sealed_with}",
        "memory": "ssl_session_tickets off; ssl_session_cache shared:doors:1m;",
        "off": "ssl_session_tickets off; ssl_session_cache off;",
    }[str(settings["resumption"])]
    early = "ssl_early_data on;" if settings.get("early") else ""
    recheck = "if ($revoked) { return 403; }" if settings.get("rechecks") else ""
    return f"""
    map $ssl_client_serial $revoked {{ default 0; include {files.serials}; }}
    server {{
        listen 127.0.0.1:@port:door@ ssl;
        server_name localhost;
        ssl_protocols TLSv{settings["tls"]};
        ssl_certificate {files.server.certificate};
        ssl_certificate_key {files.server.key};
        ssl_client_certificate {files.authority};
        ssl_crl {files.revoked};
        ssl_verify_client on;
        {kept}
        {early}
        {status}
        ssl_session_timeout {settings.get("lifetime", _LIFETIME_SECONDS)}s;
        location / {{
            {recheck}
            return 200 "serial=$ssl_client_serial";
        }}
    }}"""


def ticket_key() -> bytes:
    """A new key for tickets, as a file of nginx has it."""
    return secrets.token_bytes(_TICKET_KEY_BYTES)


def built_with(said: str) -> str:
    """The TLS library that ``nginx -V`` names, as in "OpenSSL 3.0.19"; the running one if both."""
    lines = (line for line in said.splitlines() if line.startswith("built with "))
    line = next(lines, "built with an unknown TLS library")
    _, running, rest = line.partition("running with ")
    words = (rest if running else line.removeprefix("built with ")).strip("()").split()
    return " ".join(words[:2])


def _take(server: nginx.Nginx, files: Files, revoked: Sequence[Issued]) -> None:
    files.publish(revoked)
    server.reload()


def as_openssl_prints(serial: int) -> str:
    """A serial number in whole bytes and capital letters (i2a_ASN1_INTEGER)."""
    return serial.to_bytes(max(1, (serial.bit_length() + 7) // 8)).hex().upper()
