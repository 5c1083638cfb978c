"""The MongoDB server of a bench: started, announced, and told from a failed command.

What is tried on it stands in the benches.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from earwitness.claims.clustered_collections.layout import FIRST_RELEASE
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.design import Experiment
from earwitness.experiment.events import ServerReady
from earwitness.servers import mongod
from earwitness.servers.mongod import Mongod

if TYPE_CHECKING:
    from pymongo.database import Database

_DATABASE = "earwitness"


@contextmanager
def started(
    experiment: Experiment,
    settings: BenchSettings,
    options: Mapping[str, mongod.Setting] = {},
) -> Iterator[tuple[Mapping[str, str], "Database[dict[str, Any]]"]]:
    """The environment for the record and an empty database; all is gone on exit.

    Unavailable when server or driver are missing or the server is too old; ServerFailed, quoting
    the log, when it does not start or its connection breaks.
    """
    try:
        with _running(experiment, settings, options) as server, server.connect() as client:
            import pymongo
            from pymongo.errors import ConnectionFailure

            environment = {
                "server": f"{server.version} ({server.binary.source})",
                "client": f"PyMongo {pymongo.version}, unix socket, one connection at a time",
                **{name: str(value) for name, value in settings.plan.settings.items()},
            }
            try:
                yield environment, client[_DATABASE]
            except ConnectionFailure as broken:
                server.require_alive()
                said = str(broken).splitlines()[0]
                raise mongod.ServerFailed(f"{server.version} failed: {said}") from broken
    except mongod.MissingComponent as missing:
        raise Unavailable(missing.reason, missing.install) from missing


@contextmanager
def _running(
    experiment: Experiment, settings: BenchSettings, options: Mapping[str, mongod.Setting]
) -> Iterator[Mongod]:
    binary = mongod.find()
    if binary.release < FIRST_RELEASE:
        raise Unavailable(
            f"clustered collections came with MongoDB {FIRST_RELEASE[0]}.{FIRST_RELEASE[1]}; "
            f"{binary.source} is {binary.version}",
            mongod.INSTALL,
        )
    name = f"mongod-{experiment.id}"
    with mongod.running(binary, settings.workspace, name=name, settings=options) as server:
        settings.announce(
            ServerReady(
                experiment=experiment.id,
                server=server.version,
                source=binary.source,
                seconds=server.ready_seconds,
                settings={name: str(value) for name, value in server.settings.items()},
            )
        )
        yield server
