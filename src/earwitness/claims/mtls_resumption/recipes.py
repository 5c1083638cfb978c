"""What each server of the matrix is told, in a few lines: the same door with every product.

Texts only: who is let in (clients of the authority whose certificate is not on the list), with
which TLS version, and where sessions are kept. Settings of an arm that a server cannot follow are
not asked of it; ``matrix_design`` says which arms there are.
"""

import base64
import os
import signal
import struct
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from earwitness.claims.mtls_resumption import haproxy_doors, nginx_doors, program_doors
from earwitness.claims.mtls_resumption.door import Lists
from earwitness.claims.mtls_resumption.visitor import PROTECTED
from earwitness.experiment.design import Setting
from earwitness.servers import haproxy, nginx, terminators
from earwitness.servers.certificates import Issued
from earwitness.servers.configured import FOLDER, Recipe
from earwitness.servers.program import Program

Settings = Mapping[str, Setting]

_PAGE = PROTECTED.lstrip("/")
_BACKEND = """\
while read -r line && [ "${line%?}" ]; do :; done
printf 'HTTP/1.0 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nin\\n'
cat >/dev/null
"""
"""A server of one answer: it reads the request, answers, and stays until the client has gone."""
_LIFETIME_SECONDS = 300
"""Of a session, where the arm says nothing else: the default of Apache and of stunnel."""
_FOREVER = 2**31 - 1
"""Seconds of the epoch at which a lighttpd key expires: as late as its file can say."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """The files that a configuration names."""

    server: Issued
    both: Path
    """Certificate and key of the server in one file."""
    authority: Path
    lists: Lists
    ticket_keys: Path | None
    """The file that tickets are sealed with; None: the server draws keys of its own."""
    responder: str = ""
    """URL of whom a server may ask whether a certificate is still good."""
    secret: bytes
    """What the keys of that file are made of."""


def nginx_recipe(program: Program, settings: Settings, site: Site) -> Recipe:
    """Nginx; its ``http`` block is the one of the nginx doors."""
    files = nginx_doors.Files(site.server, site.authority, site.lists)
    text = nginx_doors.configuration(settings, files, site.ticket_keys, site.responder)
    return Recipe(
        name=f"nginx {program.version}",
        command=(str(program.path), "-p", FOLDER, "-c", f"{FOLDER}/nginx.conf"),
        files={"nginx.conf": nginx.configuration(text, "", program)},
        reload=signal.SIGHUP,
        death_signal=signal.SIGTERM,
    )


def haproxy_recipe(program: Program, settings: Settings, site: Site) -> Recipe:
    """HAProxy with a master, who starts a new worker at a reload."""
    text = haproxy_doors.configuration(
        settings, site.both, site.authority, site.lists, site.ticket_keys
    )
    return Recipe(
        name=f"HAProxy {program.version}",
        command=(str(program.path), "-W", "-db", "-f", f"{FOLDER}/haproxy.cfg"),
        files={"haproxy.cfg": haproxy.configuration(text)},
        reload=signal.SIGUSR2,
        death_signal=signal.SIGTERM,
    )


def apache_recipe(program: Program, settings: Settings, site: Site) -> Recipe:
    """Apache with one process that serves a folder; a graceful restart is its reload."""
    modules = terminators.apache_modules()
    load = "".join(
        f"LoadModule {name}_module {modules}/mod_{name}.so\n"
        for name in ("mpm_event", "authz_core", "socache_shmcb", "ssl")
    )
    tickets = settings["resumption"] == "tickets"
    keys = f"SSLSessionTicketKeyFile {site.ticket_keys}" if tickets and site.ticket_keys else ""
    asked = "SSLVerifyClient require"
    if settings.get("asks") == "request":
        asked = f"<Location {PROTECTED}>\n{asked}\n</Location>"
    memory = f"shmcb:{FOLDER}/sessions(512000)" if settings["resumption"] == "memory" else "none"
    text = f"""{load}
ServerRoot {FOLDER}
ServerName localhost
PidFile {FOLDER}/apache.pid
ErrorLog {FOLDER}/error.log
DefaultRuntimeDir {FOLDER}
DocumentRoot {FOLDER}/www
StartServers 1
Listen 127.0.0.1:@port:door@
SSLSessionCache {memory}
SSLEngine on
SSLProtocol TLSv{settings["tls"]}
SSLCertificateFile {site.server.certificate}
SSLCertificateKeyFile {site.server.key}
SSLCACertificateFile {site.authority}
SSLCARevocationFile {site.lists.revoked}
SSLCARevocationCheck leaf
{asked}
SSLSessionTickets {"on" if tickets else "off"}
SSLSessionCacheTimeout {settings.get("lifetime", _LIFETIME_SECONDS)}
{keys}
"""
    return Recipe(
        name=f"Apache {program.version}",
        command=(str(program.path), "-DFOREGROUND", "-f", f"{FOLDER}/apache.conf"),
        files={"apache.conf": text, f"www/{_PAGE}": "in\n"},
        folders=("www",),
        reload=signal.SIGUSR1,
        death_signal=signal.SIGTERM,
    )


def stunnel_recipe(program: Program, settings: Settings, site: Site) -> Recipe:
    """Stunnel, behind which a program gives everybody the same answer."""
    tickets = settings["resumption"] == "tickets"
    cipher, seal = site.secret[:32].hex(), site.secret[32:64].hex()
    keys = f"ticketKeySecret = {cipher}\nticketMacSecret = {seal}" if site.ticket_keys else ""
    text = f"""foreground = yes
pid =
syslog = no
[door]
accept = 127.0.0.1:@port:door@
exec = /bin/sh
execArgs = sh {FOLDER}/backend.sh
cert = {site.server.certificate}
key = {site.server.key}
CAfile = {site.authority}
CRLfile = {site.lists.revoked}
verifyChain = yes
sslVersion = TLSv{settings["tls"]}
sessionCacheTimeout = {settings.get("lifetime", _LIFETIME_SECONDS)}
{keys if tickets else "options = NO_TICKET"}
"""
    return Recipe(
        name=f"stunnel {program.version}",
        command=(str(program.path), f"{FOLDER}/stunnel.conf"),
        files={"stunnel.conf": text, "backend.sh": _BACKEND},
        reload=signal.SIGHUP,
    )


def lighttpd_recipe(program: Program, settings: Settings, site: Site) -> Recipe:
    """Lighttpd, which serves a folder; a graceful restart is its reload."""
    version = f"TLSv{settings['tls']}"
    keys = f'ssl.stek-file = "{site.ticket_keys}"' if site.ticket_keys else ""
    text = f"""server.modules = ("mod_openssl")
server.bind = "127.0.0.1"
server.port = @port:door@
server.document-root = "{FOLDER}/www"
server.errorlog = "{FOLDER}/error.log"
ssl.engine = "enable"
ssl.pemfile = "{site.server.certificate}"
ssl.privkey = "{site.server.key}"
ssl.verifyclient.ca-file = "{site.authority}"
ssl.verifyclient.ca-crl-file = "{site.lists.revoked}"
ssl.verifyclient.activate = "enable"
ssl.verifyclient.enforce = "enable"
ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "{version}", "MaxProtocol" => "{version}",
    "Options" => "SessionTicket")
{keys}
"""
    return Recipe(
        name=f"lighttpd {program.version}",
        command=(str(program.path), "-D", "-f", f"{FOLDER}/lighttpd.conf"),
        files={"lighttpd.conf": text, f"www/{_PAGE}": "in\n"},
        folders=("www",),
        reload=signal.SIGUSR1,
    )


def etcd_recipe(program: Program, _settings: Settings, site: Site) -> Recipe:
    """Etcd, alone in its cluster; which TLS version is spoken the client decides."""
    local = "http://127.0.0.1:@port:peer@"
    return Recipe(
        name=f"etcd {program.version}",
        command=(
            str(program.path),
            *("--data-dir", f"{FOLDER}/data", "--name", "door"),
            *("--listen-client-urls", "https://127.0.0.1:@port:door@"),
            *("--advertise-client-urls", "https://127.0.0.1:@port:door@"),
            *("--listen-peer-urls", local, "--initial-advertise-peer-urls", local),
            *("--initial-cluster", f"door={local}"),
            *("--cert-file", str(site.server.certificate), "--key-file", str(site.server.key)),
            *("--trusted-ca-file", str(site.authority), "--client-cert-auth"),
            *("--client-crl-file", str(site.lists.revoked), "--unsafe-no-fsync"),
        ),
        stop=(),  # what it would put in order first is thrown away
    )


def python_recipe(program: Path, settings: Settings, site: Site, version: str) -> Recipe:
    """The program of the Python doors; a library of Python has no way to be given ticket keys."""
    return Recipe(
        name=f"Python {version}",
        command=(
            *(sys.executable, "-P", "-S", str(program), *_named(site)),
            *program_doors.options(settings),
            *("--port", "@port:door@"),
        ),
        reload=signal.SIGHUP,
        # the same wheels as ours, however we came by them
        environment={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def node_recipe(program: Program, script: Path, settings: Settings, site: Site) -> Recipe:
    """The program of the Node doors."""
    keys = ("--ticket-keys", str(site.ticket_keys)) if site.ticket_keys else ()
    return Recipe(
        name=f"Node {program.version}",
        command=(
            *(str(program.path), str(script), *_named(site)),
            *program_doors.options(settings),
            *(*keys, "--port", "@port:door@"),
        ),
        reload=signal.SIGHUP,
    )


def go_recipe(program: Path, settings: Settings, site: Site, version: str) -> Recipe:
    """The program for Go, built."""
    keys = ("--ticket-keys", str(site.ticket_keys)) if site.ticket_keys else ()
    further = ("tls", "resumption", "checked_in")
    chosen = {name: str(settings[name]) for name in further if name in settings}
    return Recipe(
        name=f"Go {version}",
        command=(
            *(str(program), *_named(site, serials=False)),
            *(part for name, word in chosen.items() for part in (f"--{_flag(name)}", word)),
            *(*keys, "--address", "127.0.0.1:@port:door@"),
        ),
        reload=signal.SIGHUP,
    )


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _named(site: Site, *, serials: bool = True) -> tuple[str, ...]:
    """The options of our programs that name files."""
    files = {
        "certificate": site.server.certificate,
        "key": site.server.key,
        "authority": site.authority,
        "revoked": site.lists.revoked,
    }
    if serials:
        files["serials"] = site.lists.serials
    return tuple(part for name, path in files.items() for part in (f"--{name}", str(path)))


def for_haproxy(secret: bytes) -> bytes:
    """A file of ticket keys: three in base64, the last but one seals new tickets."""
    return b"".join(base64.b64encode(secret[:47] + bytes([n])) + b"\n" for n in range(3))


def for_lighttpd(secret: bytes) -> bytes:
    """A file of one ticket key: format, when it begins and ends to be used, 80 bytes of key."""
    return struct.pack("=iii", 0, 1, _FOREVER) + secret[:80]


def cut(length: int) -> Callable[[bytes], bytes]:
    """For servers that want so many bytes and nothing else."""
    return lambda secret: secret[:length]
