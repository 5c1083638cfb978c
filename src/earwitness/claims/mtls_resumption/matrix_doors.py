"""Doors of the matrix: each real server with one configuration, to be reloaded and restarted.

Puts together what a server needs (its program, a site of files, a recipe) and starts it. What is
done with a door, and in which order, stands in ``matrix``.
"""

import secrets
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from earwitness.claims.mtls_resumption import postgresql_door, program_doors, recipes
from earwitness.claims.mtls_resumption.door import Lists
from earwitness.claims.mtls_resumption.ground import Ground
from earwitness.claims.mtls_resumption.recipes import Site
from earwitness.claims.mtls_resumption.standing import Standing
from earwitness.claims.mtls_resumption.visitor import PROTECTED, Asked, get
from earwitness.experiment.design import Arm, Setting
from earwitness.servers import configured, go, haproxy, nginx, node, terminators
from earwitness.servers.configured import Recipe
from earwitness.servers.process import User

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


def open_doors(
    stack: ExitStack, ground: Ground, product: str, arms: Iterable[Arm], responder: str = ""
) -> Mapping[str, Standing]:
    """A door for every arm; MissingComponent when the machine has no such server.

    ``responder``: URL of whom the doors may ask about certificates.
    """
    if product == "postgresql":
        return {arm.name: postgresql_door.stand(stack, ground, arm) for arm in arms}
    kind = _KINDS[product](ground)
    return {arm.name: _open(stack, ground, kind, arm, responder) for arm in arms}


def _open(stack: ExitStack, ground: Ground, kind: _Kind, arm: Arm, responder: str) -> Standing:
    lists = ground.lists(arm.name)
    if "serials" in arm.settings:
        lists.fill(int(arm.settings["serials"]))
    site = _site(ground, lists, kind, arm.settings, responder)
    recipe = kind.recipe(arm.settings, site)
    server = stack.enter_context(
        configured.running(recipe, ground.folder, name=arm.name, user=ground.user)
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


def _site(ground: Ground, lists: Lists, kind: _Kind, settings: Settings, responder: str) -> Site:
    folder = lists.revoked.parent
    secret = secrets.token_bytes(_SECRET_BYTES)
    pem = ground.server.certificate.read_bytes() + ground.server.key.read_bytes()
    shared = settings.get("keys") == "file"
    keys = ground.keep_secret(folder / "ticket.keys", kind.keys(secret)) if shared else None
    return Site(
        server=ground.server,
        both=ground.keep_secret(folder / "server.pem", pem),
        authority=ground.authority.certificate,
        lists=lists,
        ticket_keys=keys,
        responder=responder,
        secret=secret,
    )


def _renew_keys(site: Site, kind: _Kind) -> None:
    if site.ticket_keys is not None:
        site.ticket_keys.write_bytes(kind.keys(secrets.token_bytes(_SECRET_BYTES)))


def _nginx(_ground: Ground) -> _Kind:
    program = nginx.find()
    return _Kind(source=program.source, recipe=partial(recipes.nginx_recipe, program))


def _haproxy(_ground: Ground) -> _Kind:
    program = haproxy.find()
    recipe = partial(recipes.haproxy_recipe, program)
    return _Kind(source=program.source, recipe=recipe, keys=recipes.for_haproxy)


def _apache(_ground: Ground) -> _Kind:
    program = terminators.APACHE.find()
    recipe = partial(recipes.apache_recipe, program)
    return _Kind(source=program.source, recipe=recipe, keys=recipes.cut(48))


def _stunnel(_ground: Ground) -> _Kind:
    program = terminators.STUNNEL.find()
    return _Kind(source=program.source, recipe=partial(recipes.stunnel_recipe, program))


def _lighttpd(_ground: Ground) -> _Kind:
    program = terminators.LIGHTTPD.find()
    recipe = partial(recipes.lighttpd_recipe, program)
    return _Kind(source=program.source, recipe=recipe, keys=recipes.for_lighttpd)


def _node(ground: Ground) -> _Kind:
    program = node.find()
    script = program_doors.within_reach(program_doors.NODE_PROGRAM, ground)
    recipe = partial(recipes.node_recipe, program, script)
    return _Kind(source=program.source, recipe=recipe, keys=recipes.cut(48))


def _python(ground: Ground) -> _Kind:
    script = program_doors.within_reach(program_doors.PYTHON_PROGRAM, ground)
    version = sys.version.split()[0]
    return _Kind(
        source=f"interpreter {sys.executable}",
        recipe=partial(recipes.python_recipe, script, version=version),
    )


def _go(ground: Ground) -> _Kind:
    compiler = go.find()
    source = Path(__file__).with_name("go_door_program.go")
    program = go.build(compiler, source, ground.folder)
    recipe = partial(recipes.go_recipe, program, version=compiler.version)
    return _Kind(source=compiler.source, recipe=recipe, keys=recipes.cut(32))


def _etcd(_ground: Ground) -> _Kind:
    program = terminators.ETCD.find()
    recipe = partial(recipes.etcd_recipe, program)
    return _Kind(source=program.source, recipe=recipe, asked=get("/version"))


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
}


def user_of(product: str) -> User | None:
    """Whom the servers of a product run as."""
    from earwitness.servers import process

    return program_doors.user_of_python() if product == "python" else process.unprivileged()
