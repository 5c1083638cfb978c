"""The check, with a pair that is revoked, against doors of the matrix: what the one says the other does.

And the openings of Redis and MQTT against the servers themselves.
"""

import contextlib
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from earwitness import checks
from earwitness.check.finding import Severity
from earwitness.claims.mtls_resumption import ground, matrix_doors
from earwitness.claims.mtls_resumption.claim import CLAIM
from earwitness.claims.mtls_resumption.ground import Ground
from earwitness.claims.mtls_resumption.standing import Standing
from earwitness.claims.mtls_resumption.visitor import PROTECTED
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Depth
from earwitness.report.check_document import CheckDocument
from earwitness.servers import configured, process
from earwitness.servers.certificates import Issued
from earwitness.servers.configured import FOLDER, Configured, Recipe
from earwitness.servers.process import MissingComponent
from earwitness.servers.tls_client import identity
from earwitness.servers.tls_client.client import Address, Client
from earwitness.servers.tls_client.opening import http

pytestmark = pytest.mark.live

SECONDS = 10.0
"""How long a server may take until it goes by a new list."""


@contextlib.contextmanager
def standing(arm: str, workspace: Path) -> Iterator[tuple[Ground, Standing]]:
    """The door of one arm of the matrix."""
    experiment = CLAIM.experiment(f"matrix-{arm.partition('-')[0]}")
    plan = experiment.plan_at(Depth.STUDY)
    assert plan is not None
    chosen = tuple(one for one in experiment.arms if one.name == arm)
    settings = BenchSettings(
        plan=plan, arms=chosen, seed=1, workspace=workspace, announce=lambda _event: None
    )
    with contextlib.ExitStack() as stack:
        try:
            laid, doors = matrix_doors.stand(stack, experiment, settings)
        except MissingComponent as missing:
            pytest.skip(missing.reason)
        yield laid, doors[arm]


def asked(arm: str) -> Mapping[str, str]:
    if arm.startswith("postgresql"):
        return {"starttls": "postgresql"}
    if arm.startswith("etcd"):
        return {"path": "/version"}
    return {"path": PROTECTED} | ({"transport": "quic"} if "QUIC" in arm else {})


def check(host: str, port: int, client: Issued, **options: str) -> CheckDocument:
    sni = f"localhost={client.certificate}:{client.key}"
    order = checks.order(f"mtls://{host}:{port}", (), {"sni": sni, **options})
    return checks.carry_out(order, Severity.HIGH, lambda _line: None)


def pair(revoked: Issued) -> dict[str, str]:
    return {"revoked-cert": str(revoked.certificate), "revoked-key": str(revoked.key)}


def ids(document: CheckDocument) -> set[str]:
    return {finding.id.partition("/")[2] for finding in document.findings}


def critical(document: CheckDocument) -> set[str]:
    found = (one for one in document.findings if one.severity is Severity.CRITICAL)
    return {one.id.partition("/")[2] for one in found}


@pytest.mark.parametrize(
    ("arm", "outlives"),
    [
        ("etcd-13-process", False),
        ("haproxy-13-process", False),
        ("nginx-13-file", True),
        ("stunnel-13-file", True),
        ("python-13-after-handshake", True),
        ("envoy-13-over-QUIC", False),
    ],
)
def test_the_guided_proof_says_what_the_matrix_says(
    arm: str, outlives: bool, workspace: Path, tmp_path: Path
) -> None:
    with standing(arm, workspace) as (laid, door):
        alice, mallory = (laid.authority.client(name) for name in ("alice", "mallory"))
        check(
            door.host, door.port, alice, **asked(arm)
        )  # it answers: signals are heard from now on
        door.lists.publish((mallory,))
        door.reload()
        path = tmp_path / "sessions"
        first = looked(door, alice, **pair(mallory), **asked(arm), **{"save-session": str(path)})
        door.lists.publish((mallory, alice))
        door.reload()
        late = looked(door, alice, **asked(arm), **{"resume-session": str(path)})
    assert critical(first) == set()
    assert "resumed-without-certificate" in ids(first)
    assert ids(late) - {"ticket-key-unchanged"} == {
        "outlives-revocation" if outlives else "revocation-reaches-sessions"
    }


def looked(door: Standing, client: Issued, **options: str) -> CheckDocument:
    """The check once the server goes by its list: a reload takes a moment, in which some shut."""
    deadline = time.monotonic() + SECONDS
    while True:
        document = check(door.host, door.port, client, **options)
        settled = document.exit_code != 2 and "revoked-accepted" not in ids(document)
        if settled or time.monotonic() > deadline:
            return document
        if "save-session" in options:
            Path(options["save-session"]).unlink(missing_ok=True)
        door.reload()


@pytest.mark.parametrize(
    "arm",
    ["postgresql-13-no-resumption", "apache-13-after-handshake", "postgresql-12-no-resumption"],
)
def test_where_a_session_opens_nothing_there_is_nothing(arm: str, workspace: Path) -> None:
    with standing(arm, workspace) as (laid, door):
        alice, mallory = (laid.authority.client(name) for name in ("alice", "mallory"))
        check(
            door.host, door.port, alice, **asked(arm)
        )  # it answers: signals are heard from now on
        door.lists.publish((mallory,))
        door.reload()
        document = looked(door, alice, **pair(mallory), **asked(arm))
    assert ids(document) == {"nothing-seen"}
    assert document.exit_code == 0


def test_a_certificate_is_shown_when_it_is_asked_for_after_the_handshake(workspace: Path) -> None:
    """Only where it is asked for; and there the session of the one who showed it is not enough."""
    with standing("apache-13-after-handshake", workspace) as (laid, door):
        issued = laid.authority.client("alice")
        alice = identity.read(issued.certificate, issued.key)
        client = Client(version="1.3", opening=http(PROTECTED))
        address = Address(host=door.host, port=door.port, name="localhost")
        admitted = client.visit(address, identity=alice)
        elsewhere = client.visit(address, opening=http("/nowhere"))
        alone = client.visit(address)
        resumed = client.visit(address, session=admitted.session)
        both = client.visit(address, session=admitted.session, identity=alice)
    assert (admitted.outcome.status, elsewhere.outcome.status) == ("200", "404")
    assert (alone.handshake, alone.outcome.answered) == (True, False)
    assert (resumed.resumed, resumed.outcome.answered) == (True, False)
    assert (both.resumed, both.outcome.status) == (True, "200")


@contextlib.contextmanager
def served(laid: Ground, program: str, text: str, *arguments: str) -> Iterator[Configured]:
    """A server of the machine that one file makes."""
    found = shutil.which(program, path="/usr/bin:/usr/sbin:/usr/local/bin")
    if found is None:
        pytest.skip(f"{program} is not on this machine")
    recipe = Recipe(name=program, command=(found, *arguments), files={"conf": text})
    with configured.running(recipe, laid.folder, name=program, user=laid.user) as running:
        yield running


def test_redis_is_asked_with_a_ping(workspace: Path) -> None:
    """It takes no revocation list: what it is told is who may come."""
    laid = ground.lay(workspace / "ground", process.unprivileged())
    alice = laid.authority.client("alice")
    text = f"""port 0
tls-port @port:door@
bind 127.0.0.1
dir {FOLDER}
save ""
tls-cert-file {laid.server.certificate}
tls-key-file {laid.server.key}
tls-ca-cert-file {laid.authority.certificate}
tls-auth-clients yes
"""
    with served(laid, "redis-server", text, f"{FOLDER}/conf") as server:
        document = check("127.0.0.1", server.ports["door"], alice, starttls="redis")
    assert critical(document) == set()
    assert document.not_seen == ()
    for one in document.evidence.claims["mtls-resumption"]["baselines"]:
        assert [seen["status"] for seen in one["admitted"]] == ["+PONG"] * 3
        assert (one["alone"]["status"], one["stranger"]["status"]) == ("", "")


def test_mqtt_connects_and_disconnects(workspace: Path) -> None:
    laid = ground.lay(workspace / "ground", process.unprivileged())
    alice, mallory = (laid.authority.client(name) for name in ("alice", "mallory"))
    lists = laid.lists("door")
    lists.publish((mallory,))
    text = f"""listener @port:door@ 127.0.0.1
allow_anonymous true
persistence false
cafile {laid.authority.certificate}
certfile {laid.server.certificate}
keyfile {laid.server.key}
crlfile {lists.revoked}
require_certificate true
"""
    with served(laid, "mosquitto", text, "-c", f"{FOLDER}/conf") as server:
        document = check("127.0.0.1", server.ports["door"], alice, starttls="mqtt", **pair(mallory))
    assert critical(document) == set()
    assert document.not_seen == ()
    for one in document.evidence.claims["mtls-resumption"]["baselines"]:
        assert [seen["status"] for seen in one["admitted"]] == ["CONNACK 0"] * 3
        assert (one["alone"]["status"], one["stranger"]["status"]) == ("", "")
