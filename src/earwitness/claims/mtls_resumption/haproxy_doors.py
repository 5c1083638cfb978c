"""Doors that are a real HAProxy: its configuration for each arm, and its commands.

Texts and commands; starting and asking are the affair of ``servers.haproxy``. The new list is given
to the running process (management guide, "set ssl crl-file"), as is a serial number that single
requests are checked against ("add acl").
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from earwitness.claims.mtls_resumption.door import Door, Lists
from earwitness.claims.mtls_resumption.ground import Ground
from earwitness.claims.mtls_resumption.visitor import PROTECTED
from earwitness.experiment.design import Arm, Setting
from earwitness.servers import haproxy
from earwitness.servers.certificates import Issued
from earwitness.servers.process import ServerFailed

_CERTIFICATE_REVOKED = 23  # X509_V_ERR_CERT_REVOKED, x509_vfy.h


def open_haproxy(stack: ExitStack, ground: Ground, arms: Iterable[Arm]) -> Mapping[str, Door]:
    """A door for every arm; MissingComponent when the machine has no HAProxy."""
    program = haproxy.find()
    pem = ground.server.certificate.read_bytes() + ground.server.key.read_bytes()
    both = ground.keep_secret(ground.folder / "server.pem", pem)
    doors = {}
    for arm in arms:
        lists = ground.lists(arm.name)
        config = configuration(arm.settings, both, ground.authority.certificate, lists)
        server = stack.enter_context(
            haproxy.running(program, ground.folder, config=config, name=arm.name)
        )
        doors[arm.name] = Door(
            port=server.ports["door"],
            server=f"{server.version}, {running_with(program.said)}",
            source=program.source,
            ready_seconds=server.ready_seconds,
            take=partial(_take, server, lists),
            require_alive=server.require_alive,
        )
    return doors


def configuration(
    settings: Mapping[str, Setting],
    server: Path,
    authority: Path,
    lists: Lists,
    ticket_keys: Path | None = None,
) -> str:
    """The configuration of an arm. ``server``: certificate and key of the server, in one file.

    ``ticket_keys``: the file of its ticket keys; None: it draws its own.
    """
    resumption = str(settings["resumption"])
    kept = "" if resumption == "tickets" else "no-tls-tickets"
    if ticket_keys is not None and resumption == "tickets":
        kept = f"tls-ticket-keys {ticket_keys}"
    early = "allow-0rtt" if settings.get("early") else ""
    cache = "tune.ssl.cachesize 0" if resumption == "off" else ""
    lifetime = f"tune.ssl.lifetime {settings['lifetime']}" if "lifetime" in settings else ""
    by_rule = settings.get("enforced_by") == "rule"
    lenient = f"crt-ignore-err {_CERTIFICATE_REVOKED}" if by_rule else ""
    rules = ""
    if by_rule:
        rules += _deny(f"{{ ssl_c_err {_CERTIFICATE_REVOKED} }}")
    if settings.get("rechecks"):
        rules += _deny(f"{{ ssl_c_serial,hex -m str -f {lists.serials} }}")
    tls = f"TLSv{settings['tls']}"
    return f"""    {cache}
    {lifetime}
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend door
    bind 127.0.0.1:@port:door@ ssl crt {server} ssl-min-ver {tls} ssl-max-ver {tls} {kept} \
verify required ca-file {authority} crl-file {lists.revoked} {lenient} {early}
{rules}    http-request return status 200 content-type text/plain \
lf-string serial=%[ssl_c_serial,hex]
"""


def _deny(condition: str) -> str:
    return f"    http-request deny deny_status 403 if {{ path {PROTECTED} }} {condition}\n"


def running_with(said: str) -> str:
    """The TLS library that ``haproxy -vv`` runs on, as in "OpenSSL 3.0.19"."""
    found = re.search(r"Running on OpenSSL version : (\S+ \S+)", said)
    return found[1] if found else "an unknown TLS library"


def as_encoded(serial: int) -> str:
    """The bytes of a serial number as the certificate has them (DER), in hexadecimal digits."""
    return serial.to_bytes(serial.bit_length() // 8 + 1).hex().upper()


def _take(server: haproxy.HAProxy, lists: Lists, revoked: Sequence[Issued]) -> None:
    lists.publish(revoked)
    server.command(f"set ssl crl-file {lists.revoked} <<\n{lists.revoked.read_text()}")
    said = server.command(f"commit ssl crl-file {lists.revoked}")
    if "Success" not in said:
        raise ServerFailed(f"{server.version} did not take the revocation list: {said}")
    server.command(f"clear acl {lists.serials}")
    for each in revoked:
        server.command(f"add acl {lists.serials} {as_encoded(each.serial)}")
