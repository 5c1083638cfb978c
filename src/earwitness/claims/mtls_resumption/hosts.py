"""A client that takes its session from one virtual host to another.

The program is built with each version of Go that an arm names; all of them have to be here, because
the one says nothing without the other.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from earwitness.claims.mtls_resumption import ground
from earwitness.claims.mtls_resumption.ground import Ground
from earwitness.claims.mtls_resumption.trial import words
from earwitness.claims.mtls_resumption.visitor import Visitor
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.events import ServerReady
from earwitness.experiment.observation import Observation
from earwitness.servers import certificates, configured, go, process
from earwitness.servers.certificates import Authority
from earwitness.servers.configured import Configured, Recipe
from earwitness.servers.program import Program
from earwitness.servers.tls_client import library

_OWN, _OTHER = "a.test", "b.test"
_SOURCE = Path(__file__).with_name("go_hosts_program.go")


@dataclass(frozen=True)
class _Hosts:
    """Two virtual hosts on one port."""

    server: Configured
    compiler: Program


class HostsBench:
    """Comes to one host with a certificate, and to the other with what it got there."""

    def __init__(self, laid: Ground, hosts: Mapping[str, _Hosts]) -> None:
        self._authority = laid.authority
        self._hosts = hosts
        self._client = laid.authority.client("client")
        self.environment: Mapping[str, str] = {
            "client": library.description(),
            **{
                name: f"Go {each.compiler.version} ({each.compiler.source})"
                for name, each in hosts.items()
            },
        }

    def block(self, block: int) -> None:
        """The arms of a block share nothing but their client."""

    def trial(self, arm: Arm) -> Observation:
        """A client of the first host comes to both.

        ServerFailed, quoting its log, when the server has ended.
        """
        server = self._hosts[arm.name].server
        try:
            return self._carried(arm, server.ports["door"])
        except OSError:  # nobody listens any more: its log says why
            server.require_alive()
            raise

    def _carried(self, arm: Arm, port: int) -> Observation:
        visitor = Visitor(self._authority.certificate, str(arm.settings["tls"]))
        own = visitor.visit(port, name=_OWN, identity=self._client)
        again = visitor.visit(port, name=_OWN, identity=self._client)
        resumed = visitor.visit(port, name=_OWN, session=own.session)
        other = visitor.visit(port, name=_OTHER, identity=self._client)
        carried = visitor.visit(port, name=_OTHER, session=again.session)
        values = {
            "own_host": own.admitted,
            "own_resumed": resumed.admitted and resumed.resumed,
            "other_host": other.admitted,
            "carried": carried.admitted and carried.resumed,
        }
        return Observation(
            values={name: float(value) for name, value in values.items()},
            outcomes={"other_host": words(other), "carried": words(carried)},
        )


@contextmanager
def bench(experiment: Experiment, settings: BenchSettings) -> Iterator[HostsBench]:
    """Start the two hosts of every arm and announce them; all end with the context.

    MissingComponent when a version of Go is not on this machine.
    """
    library.require_working()
    compilers = {str(arm.settings["version"]): None for arm in settings.arms}
    found = {version: go.find_version(version) for version in compilers}
    with ExitStack() as stack:
        laid = ground.lay(settings.workspace / experiment.id, process.unprivileged())
        others = certificates.authority(laid.folder / "others", reader=laid.user)
        hosts = {
            arm.name: _open(stack, laid, others, arm, found[str(arm.settings["version"])])
            for arm in settings.arms
        }
        for name, each in hosts.items():
            settings.announce(
                ServerReady(
                    experiment=experiment.id,
                    server=f"Go {each.compiler.version}",
                    source=each.compiler.source,
                    seconds=each.server.ready_seconds,
                    settings={"arm": name},
                )
            )
        yield HostsBench(laid, hosts)


def _open(stack: ExitStack, laid: Ground, others: Authority, arm: Arm, compiler: Program) -> _Hosts:
    program = go.build(compiler, _SOURCE, laid.folder)
    files = {
        "certificate": laid.server.certificate,
        "key": laid.server.key,
        "a": laid.authority.certificate,
        "b": others.certificate,
    }
    named = (part for name, path in files.items() for part in (f"--{name}", str(path)))
    further = ("--tls", str(arm.settings["tls"]), "--address", "127.0.0.1:@port:door@")
    recipe = Recipe(name=f"Go {compiler.version}", command=(str(program), *named, *further))
    server = stack.enter_context(
        configured.running(recipe, laid.folder, name=arm.name, user=laid.user)
    )
    return _Hosts(server, compiler)
