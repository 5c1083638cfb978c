"""A door that is a real PostgreSQL: one of the two controls, which resumes no sessions.

Its settings and who may log in; starting is the affair of ``servers.postgres``. It listens on an
address of its own in 127.0.0.0/8, so that its usual port is free there, and lets in nobody from the
network without a certificate.
"""

import secrets
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from earwitness.claims.mtls_resumption.door import Lists
from earwitness.claims.mtls_resumption.ground import Ground
from earwitness.claims.mtls_resumption.standing import Standing
from earwitness.claims.mtls_resumption.visitor import log_in
from earwitness.experiment.design import Arm
from earwitness.servers import postgres
from earwitness.servers.configured import cpu_seconds
from earwitness.servers.postgres import Binaries, MissingComponent, Postgres

_TLS_LIBRARY = b"libssl"
"""What a program names that was linked with it."""
_WHO = """\
local all all trust
hostssl all all 127.0.0.0/8 trust clientcert=verify-ca
"""
"""pg_hba.conf: whoever shows a certificate of the authority, and us through the private socket."""


def stand(stack: ExitStack, ground: Ground, arm: Arm) -> Standing:
    """A server with the arm's TLS version; MissingComponent when the programs cannot be run."""
    if sys.platform != "linux":
        raise MissingComponent("an address of its own in 127.0.0.0/8 needs Linux")
    lists = ground.lists(arm.name)
    address = "127." + ".".join(str(1 + secrets.randbelow(254)) for _ in range(3))
    server = stack.enter_context(
        postgres.running(
            _with_tls(),
            ground.folder,
            name=arm.name,
            settings=_settings(ground, lists, str(arm.settings["tls"])),
            address=address,
        )
    )
    return Standing(
        port=server.port,
        host=address,
        asked=log_in(),
        lists=lists,
        product=server.version,
        source=server.binaries.source,
        ready_seconds=server.ready_seconds,
        reload=partial(_reload, server),
        restart=server.restart,
        await_ready=server.require_alive,
        cpu_seconds=lambda: cpu_seconds(server.pid),
        require_alive=server.require_alive,
    )


def _with_tls() -> Binaries:
    """The newest PostgreSQL here that was built with TLS; not every wheel's is."""
    for found in postgres.installed():
        if _TLS_LIBRARY in (found.folder / "postgres").read_bytes():
            return found
    raise MissingComponent(
        "no PostgreSQL on this machine was built with TLS", "apt-get install postgresql"
    )


def _settings(ground: Ground, lists: Lists, tls: str) -> dict[str, str | bool]:
    who = lists.revoked.with_name("who.conf")
    who.write_text(_WHO)
    who.chmod(0o644)  # its user reads it
    version = f"TLSv{tls}"
    files: dict[str, Path] = {
        "hba_file": who,
        "ssl_cert_file": ground.server.certificate,
        "ssl_key_file": ground.server.key,
        "ssl_ca_file": ground.authority.certificate,
        "ssl_crl_file": lists.revoked,
    }
    return {
        "ssl": True,
        "ssl_min_protocol_version": version,
        "ssl_max_protocol_version": version,
        **{name: str(path) for name, path in files.items()},
    }


def _reload(server: Postgres) -> None:
    with server.connect() as session:
        session.execute("select pg_reload_conf()")
