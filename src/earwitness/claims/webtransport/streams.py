"""The bench on which WebTransport loses one packet.

A server, and for every trial a hop and the sessions of its arm; how the loss happens stands in
``passage``, what the counts mean in ``schedule``.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

from earwitness.claims.webtransport.passage import Passage, lanes
from earwitness.claims.webtransport.schedule import draw, waiting
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.events import ServerReady
from earwitness.experiment.observation import Observation
from earwitness.servers import certificates, link, webtransport
from earwitness.servers.link import Link, Way
from earwitness.servers.webtransport import Server, Session


class StreamsBench:
    """Loses one packet in every trial, and counts what that stops."""

    def __init__(
        self,
        runner: asyncio.Runner,
        server: Server,
        authority: Path,
        settings: BenchSettings,
        environment: Mapping[str, str],
    ) -> None:
        self.environment = environment
        self._runner = runner
        self._server = server
        self._authority = authority
        self._settings = settings
        self.block(1)

    def block(self, block: int) -> None:
        """Draw the message that every arm of the block loses."""
        numbers = {name: self._settings.number(name) for name in ("flows", "rounds")}
        self._schedule = draw(**numbers, seed=self._settings.seed, block=block)

    def trial(self, arm: Arm) -> Observation:
        """Open the arm's sessions, send, lose one packet, count, let it be repaired, count."""
        return self._runner.run(self._trial(arm))

    async def _trial(self, arm: Arm) -> Observation:
        schedule, size = self._schedule, self._settings.number("message_bytes")
        carry, whole_rounds = str(arm.settings["carry"]), arm.settings["packets"] == "shared"
        handshakes = schedule.flows if carry == "sessions" else 1
        async with AsyncExitStack() as stack:
            hop = stack.enter_context(link.opened(self._server.address))
            servers, clients = await self._connect(stack, hop, handshakes)
            setup_bytes = sum(hop.count(way).bytes for way in Way)
            used = lanes(carry, servers, schedule.flows)
            passage = Passage(hop, servers, clients, used, size)
            await passage.open_flows()
            outcome = await passage.lose_one(
                schedule, whole_rounds=whole_rounds, repairs=carry != "datagrams"
            )
        together = schedule.packet_of_loss(whole_rounds=whole_rounds)
        return Observation(
            values={
                **waiting(schedule, together, outcome.meanwhile, outcome.at_last),
                "packets": outcome.packets,
                "packets_lost": outcome.lost,
                "messages_lost": outcome.messages_lost,
                "repeated": outcome.repeated,
                "handshakes": handshakes,
                "setup_bytes": setup_bytes,
            },
            outcomes={"lost": f"message {schedule.lost.number} of flow {schedule.lost.flow}"},
        )

    async def _connect(
        self, stack: AsyncExitStack, hop: Link, count: int
    ) -> tuple[list[Session], list[Session]]:
        """Both ends of so many sessions, each on a connection of its own, closed by the stack."""
        servers, clients = [], []
        for _ in range(count):
            client = webtransport.connected(hop.address, self._authority)
            clients.append(await stack.enter_async_context(client))
            servers.append(await self._server.accept())
            stack.callback(servers[-1].close)
        return servers, clients


@contextmanager
def opened(experiment: Experiment, settings: BenchSettings) -> Iterator[StreamsBench]:
    """A WebTransport server on loopback, stopped on the way out. ServerFailed when it is none."""
    began = time.monotonic()
    authority = certificates.authority(settings.workspace / f"{experiment.id}-authority")
    certificate = authority.server("webtransport")
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        serving = webtransport.serving(certificate)
        server = runner.run(serving.__aenter__())
        stack.callback(lambda: runner.run(serving.__aexit__(None, None, None)))
        offered = runner.run(_settings_of(server, authority.certificate))
        settings.announce(
            ServerReady(
                experiment=experiment.id,
                server=f"{webtransport.VERSION} (HTTP/3)",
                source="wheel aioquic",
                seconds=time.monotonic() - began,
                settings={"SETTINGS": offered},
            )
        )
        environment = _environment(offered, settings)
        yield StreamsBench(runner, server, authority.certificate, settings, environment)


def _environment(offered: str, settings: BenchSettings) -> Mapping[str, str]:
    return {
        "server": f"{webtransport.VERSION}, WebTransport over HTTP/3, QUIC version 1, TLS 1.3",
        "client": f"{webtransport.VERSION}, in the same process, UDP on loopback",
        "SETTINGS": f"{offered} (draft-ietf-webtrans-http3-02)",
        "hop": "relay in user space; keeps back the clients' answers until it was counted",
        **{name: str(value) for name, value in settings.plan.settings.items()},
    }


async def _settings_of(server: Server, authority: Path) -> str:
    """What the server offers to a client that opens a session: proof that it answers."""
    async with webtransport.connected(server.address, authority) as session:
        (await server.accept()).close()
        return session.peer_settings
