"""Doors of the matrix: each real server with one configuration, to be reloaded and restarted.

Puts together what a server needs (its program, a site of files, a recipe) and starts it. What is
done with a door, and in which order, stands in ``matrix``.
"""

import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from earwitness.claims.mtls_resumption import (
    envoy_recipe,
    ground,
    postgresql_door,
    program_doors,
    recipes,
)
from earwitness.claims.mtls_resumption.door import Lists
from earwitness.claims.mtls_resumption.ground import Ground
from earwitness.claims.mtls_resumption.recipes import Site
from earwitness.claims.mtls_resumption.standing import Standing
from earwitness.claims.mtls_resumption.visitor import PROTECTED, Asked, get
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment, Setting
from earwitness.experiment.events import ServerReady
from earwitness.servers import configured, go, haproxy, nginx, node, ocsp, process, terminators
from earwitness.servers.configured import Recipe

_SECRET_BYTES = 80
"""The longest ticket key that a server asks for; the others take what they need of it."""

Settings = Mapping[str, Setting]


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """How one product becomes a door."""

    source: str
    recipe: Callable[[Settings, Site], Recipe]
    keys: Callable[[bytes], bytes] = bytes
    """The file of ticket keys made of a secret, in the product's format."""
    asked: Asked = field(default_factory=lambda: get(PROTECTED))


def stand(
    stack: ExitStack, experiment: Experiment, settings: BenchSettings
) -> tuple[Ground, Mapping[str, Standing]]:
    """A door for every arm, announced, and the ground they stand on; all end with the stack.

    The arms name one product. MissingComponent when it is not on this machine, ServerFailed when a
    door does not start.
    """
    (product,) = {str(arm.settings["server"]) for arm in settings.arms}
    user = program_doors.user_of_python() if product == "python" else process.unprivileged()
    laid = ground.lay(settings.workspace / experiment.id, user)
    doors = _open_all(stack, laid, product, settings.arms)
    for door in doors.values():
        settings.announce(
            ServerReady(
                experiment=experiment.id,
                server=door.product,
                source=door.source,
                seconds=door.ready_seconds,
            )
        )
    return laid, doors


def _open_all(
    stack: ExitStack, laid: Ground, product: str, arms: Sequence[Arm]
) -> Mapping[str, Standing]:
    if product == "postgresql":
        return {arm.name: postgresql_door.stand(stack, laid, arm) for arm in arms}
    kind = _KINDS[product](laid)
    responder = ""
    if any("ocsp" in arm.settings for arm in arms):
        responder = stack.enter_context(ocsp.responder(laid.authority, laid.revoked, laid.folder))
    return {arm.name: _open(stack, laid, kind, arm, responder) for arm in arms}


def _open(stack: ExitStack, laid: Ground, kind: _Kind, arm: Arm, responder: str) -> Standing:
    lists = laid.lists(arm.name)
    if "serials" in arm.settings:
        lists.fill(int(arm.settings["serials"]))
    site = _site(laid, lists, kind, arm.settings, responder)
    recipe = kind.recipe(arm.settings, site)
    server = stack.enter_context(
        configured.running(recipe, laid.folder, name=arm.name, user=laid.user)
    )
    return Standing(
        port=server.ports["door"],
        asked=kind.asked,
        lists=lists,
        product=recipe.name,
        source=kind.source,
        ready_seconds=server.ready_seconds,
        reload=server.reload,
        restart=server.restart,
        await_ready=server.await_ready,
        renew_keys=partial(_renew_keys, site, kind),
        cpu_seconds=server.cpu_seconds,
        require_alive=server.require_alive,
    )


def _site(laid: Ground, lists: Lists, kind: _Kind, settings: Settings, responder: str) -> Site:
    folder = lists.revoked.parent
    secret = secrets.token_bytes(_SECRET_BYTES)
    pem = laid.server.certificate.read_bytes() + laid.server.key.read_bytes()
    shared = settings.get("keys") == "file"
    keys = laid.keep_secret(folder / "ticket.keys", kind.keys(secret)) if shared else None
    return Site(
        server=laid.server,
        both=laid.keep_secret(folder / "server.pem", pem),
        authority=laid.authority.certificate,
        lists=lists,
        ticket_keys=keys,
        responder=responder,
        secret=secret,
    )


def _renew_keys(site: Site, kind: _Kind) -> None:
    if site.ticket_keys is not None:
        site.ticket_keys.write_bytes(kind.keys(secrets.token_bytes(_SECRET_BYTES)))


def _nginx(_laid: Ground) -> _Kind:
    program = nginx.find()
    return _Kind(source=program.source, recipe=partial(recipes.nginx_recipe, program))


def _haproxy(_laid: Ground) -> _Kind:
    program = haproxy.find()
    recipe = partial(recipes.haproxy_recipe, program)
    return _Kind(source=program.source, recipe=recipe, keys=recipes.for_haproxy)


def _apache(_laid: Ground) -> _Kind:
    program = terminators.APACHE.find()
    recipe = partial(recipes.apache_recipe, program)
    return _Kind(source=program.source, recipe=recipe, keys=recipes.cut(48))


def _stunnel(_laid: Ground) -> _Kind:
    program = terminators.STUNNEL.find()
    return _Kind(source=program.source, recipe=partial(recipes.stunnel_recipe, program))


def _lighttpd(_laid: Ground) -> _Kind:
    program = terminators.LIGHTTPD.find()
    terminators.require_lighttpd_tls()
    recipe = partial(recipes.lighttpd_recipe, program)
    return _Kind(source=program.source, recipe=recipe, keys=recipes.for_lighttpd)


def _node(laid: Ground) -> _Kind:
    program = node.find()
    script = program_doors.within_reach(program_doors.NODE_PROGRAM, laid)
    recipe = partial(recipes.node_recipe, program, script)
    return _Kind(source=program.source, recipe=recipe, keys=recipes.cut(48))


def _python(laid: Ground) -> _Kind:
    script = program_doors.within_reach(program_doors.PYTHON_PROGRAM, laid)
    version = sys.version.split()[0]
    return _Kind(
        source=f"interpreter {sys.executable}",
        recipe=partial(recipes.python_recipe, script, version=version),
    )


def _go(laid: Ground) -> _Kind:
    compiler = go.find()
    source = Path(__file__).with_name("go_door_program.go")
    program = go.build(compiler, source, laid.folder)
    recipe = partial(recipes.go_recipe, program, version=compiler.version)
    return _Kind(source=compiler.source, recipe=recipe, keys=recipes.cut(32))


def _etcd(_laid: Ground) -> _Kind:
    program = terminators.ETCD.find()
    recipe = partial(recipes.etcd_recipe, program)
    return _Kind(source=program.source, recipe=recipe, asked=get("/version"))


def _envoy(_laid: Ground) -> _Kind:
    program = terminators.find_envoy()
    return _Kind(source=program.source, recipe=partial(envoy_recipe.envoy_recipe, program))


_KINDS: Mapping[str, Callable[[Ground], _Kind]] = {
    "nginx": _nginx,
    "haproxy": _haproxy,
    "apache": _apache,
    "stunnel": _stunnel,
    "lighttpd": _lighttpd,
    "node": _node,
    "python": _python,
    "go": _go,
    "etcd": _etcd,
    "envoy": _envoy,
}
