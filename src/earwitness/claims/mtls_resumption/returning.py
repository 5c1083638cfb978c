"""The bench of the claim: real servers, one for each arm, and the clients that return to them.

Which server is started how stands in the rooms of the doors, what a trial does in ``trial``.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from earwitness.claims.mtls_resumption import (
    ground,
    haproxy_doors,
    nginx_doors,
    program_doors,
    visitor,
)
from earwitness.claims.mtls_resumption.door import Door
from earwitness.claims.mtls_resumption.ground import Ground
from earwitness.claims.mtls_resumption.trial import revoke_and_return
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.events import ServerReady
from earwitness.experiment.observation import Observation
from earwitness.servers import process
from earwitness.servers.certificates import Issued
from earwitness.servers.tls_client import library

_KINDS = {
    "libraries": (program_doors.open_python, program_doors.user_of_python),
    "node": (program_doors.open_node, process.unprivileged),
    "nginx": (nginx_doors.open_nginx, process.unprivileged),
    "haproxy": (haproxy_doors.open_haproxy, process.unprivileged),
}
"""By experiment: what opens its doors, and whom they run as."""


class ReturningBench:
    """Revokes a client in every trial, and lets it return; each has a certificate of its own."""

    def __init__(self, laid: Ground, doors: Mapping[str, Door]) -> None:
        self._authority = laid.authority
        self._doors = doors
        self._bystander = laid.authority.client("bystander")
        self._revoked: dict[str, tuple[Issued, ...]] = dict.fromkeys(doors, ())
        self.environment: Mapping[str, str] = {
            "client": library.description(),
            **{name: f"{door.server} ({door.source})" for name, door in doors.items()},
        }

    def block(self, block: int) -> None:
        """The arms of a block share nothing: every door has lists and clients of its own."""

    def trial(self, arm: Arm) -> Observation:
        """Let a new client in, revoke it, let it return with its certificate and its session.

        ServerFailed, quoting its log, when the server has ended.
        """
        earlier = self._revoked[arm.name]
        client = self._authority.client(f"{arm.name}-{len(earlier) + 1}")
        self._revoked[arm.name] = (*earlier, client)
        visits = visitor.Visitor(self._authority.certificate, str(arm.settings["tls"]))
        door = self._doors[arm.name]
        try:
            return revoke_and_return(door, visits, client, self._bystander, earlier)
        except OSError:  # nobody listens any more: its log says why
            door.require_alive()
            raise


@contextmanager
def bench(experiment: Experiment, settings: BenchSettings) -> Iterator[ReturningBench]:
    """Start a server for every arm and announce it; all end with the context.

    MissingComponent when one is not on this machine, ServerFailed when one does not start.
    """
    library.require_working()
    open_doors, user = _KINDS[experiment.id]
    with ExitStack() as stack:
        laid = ground.lay(settings.workspace / experiment.id, user())
        doors = open_doors(stack, laid, settings.arms)
        for door in doors.values():
            settings.announce(
                ServerReady(
                    experiment=experiment.id,
                    server=door.server,
                    source=door.source,
                    seconds=door.ready_seconds,
                )
            )
        yield ReturningBench(laid, doors)
