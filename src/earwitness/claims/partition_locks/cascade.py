"""The bench of the cascade: a burst of requests on nginx, a backend with a pool, and PostgreSQL.

Two PostgreSQL servers that differ in their slots, a backend for each of them and two more that are
less patient, one nginx in front of all. A trial sends the same requests as the other arms of its
block to the backend of its arm. What is sent and what it comes to stands in ``burst``.
"""

import math
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psutil

from earwitness.claims.partition_locks import backend, burst, waits
from earwitness.claims.partition_locks.backend import Backend, Patience, Query
from earwitness.claims.partition_locks.burst import Burst
from earwitness.claims.partition_locks.cluster import (
    Cluster,
    answering,
    create,
    described,
    start_each,
)
from earwitness.claims.partition_locks.target import ServerKey, Target, target
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.events import ServerReady
from earwitness.experiment.observation import Observation
from earwitness.servers import nginx, open_loop
from earwitness.servers.nginx import Nginx
from earwitness.servers.open_loop import Answers, Floats, Integers
from earwitness.servers.postgres import MissingComponent, Postgres, ServerFailed

_PROBE_RATE = 1500.0
"""Requests offered per second while a capacity is measured: more than such a backend answers."""
_NICENESS = 10
"""Of the databases, which in production have a machine of their own: 32 busy sessions on the same
processors would otherwise keep proxy, backend and load generator from running."""
_PROCESSORS = 2
"""For each database, where the system can say so: with more of them it would be faster than the one
process of the backend in front of it, and nothing but that would be measured."""
_BURSTS = 3
"""How often the burst of a trial is sent at the most, where it does not leave on time."""
_IDLE_SECONDS = 30.0
_POLL_SECONDS = 0.02
_ACTIVE = """
select count(*) from pg_stat_activity
where state = 'active' and backend_type = 'client backend' and pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class Route:
    """How the requests of an arm go."""

    target: Target
    time_out: bool
    """Whether the database ends statements that take long."""
    fail_fast: bool
    """Whether the backend soon says no when no connection is free."""
    victims: float
    """Share of the requests that name the partition key whatever the arm's query is."""

    @property
    def backend(self) -> str:
        """The name of its backend."""
        slots = f"slots{self.target.max_locks_per_transaction}"
        return slots + "-timeout" * self.time_out + "-fast" * self.fail_fast

    @property
    def paths(self) -> tuple[str, ...]:
        """What is asked for."""
        return burst.paths(self.target, self.victims, self.backend)


def route(arm: Arm, rows: int) -> Route:
    """What the settings of an arm mean."""
    return Route(
        target=target(arm, rows),
        time_out=bool(arm.settings.get("time_out", False)),
        fail_fast=bool(arm.settings.get("fail_fast", False)),
        victims=float(arm.settings.get("victims", 0)),
    )


@dataclass(frozen=True)
class Chain:
    """Everything that runs, from the proxy to the databases."""

    clusters: Mapping[ServerKey, Cluster]
    backends: Mapping[str, Backend]
    proxy: Nginx
    runs_on: str
    """Versions of what backends are made of."""

    def require_alive(self) -> None:
        """ServerFailed, quoting the log, when a part has ended."""
        self.proxy.require_alive()
        for each in self.backends.values():
            each.require_alive()
        for cluster in self.clusters.values():
            cluster.server.require_alive()


class CascadeBench:
    """Sends bursts, and measures beforehand how much each arm can answer.

    Made with a warm chain; Unavailable when that answers nothing, so that there is no rate.
    """

    def __init__(self, chain: Chain, routes: Mapping[str, Route], settings: BenchSettings) -> None:
        self._chain = chain
        self._routes = routes
        self._settings = settings
        self._loads = 0
        self._requests: tuple[Floats, Integers] | None = None
        self._capacities = {arm: self._capacity(each) for arm, each in routes.items()}
        reference, within = (
            str(settings.plan.settings[name]) for name in ("rated_by", "rated_within")
        )
        if self._capacities[reference] <= 0:
            raise Unavailable(
                f"this machine is too busy: in {self._seconds('capacity_ms'):g} s of load nothing "
                f"was answered for {reference}"
            )
        calm, peak = burst.rates(
            self._capacities[reference], self._capacities.get(within, math.inf)
        )
        self._burst = Burst(
            calm_seconds=self._seconds("calm_ms"),
            burst_seconds=self._seconds("burst_ms"),
            after_seconds=self._seconds("after_ms"),
            settled_seconds=self._seconds("settled_ms"),
            prompt_seconds=self._seconds("prompt_ms"),
            calm_rate=calm,
            burst_rate=peak,
        )

    @property
    def environment(self) -> Mapping[str, str]:
        """Version and settings of every server, the rates, and what they were chosen by."""
        number = self._settings.number
        capacities = ", ".join(f"{arm} {rate:.0f}/s" for arm, rate in self._capacities.items())
        return {
            **described(self._chain.clusters.values()),
            "backend": f"{self._chain.runs_on}, one process, a pool of {number('pool')} and "
            f"{number('acquire_ms')} ms for a connection of it; with a time-out "
            f"{number('fast_statement_ms')} ms for a statement, with an early no "
            f"{number('fast_acquire_ms')} ms for a connection",
            "priority": f"databases at nice {_NICENESS} on {_PROCESSORS} processors at most (Linux)",
            "proxy": f"{self._chain.proxy.version}, proxy_read_timeout {number('proxy_ms')} ms",
            "capacity": capacities,
            "load": f"Poisson arrivals, {self._burst.calm_rate:.0f}/s and in the burst "
            f"{self._burst.burst_rate:.0f}/s, at most {number('in_flight')} in flight",
        }

    def block(self, block: int) -> None:
        """Draw the requests that all arms of the block will get."""
        self._requests = burst.requests(self._burst, self._settings.seed, block)

    def trial(self, arm: Arm) -> Observation:
        """Send the burst to the arm's backend, with the waits of its server sampled.

        A burst that left late is sent again: the machine was busy with something else.
        """
        return Observation(values=burst.on_time(self._bursts(arm)))

    def _bursts(self, arm: Arm) -> Iterator[dict[str, float]]:
        """The metrics of the burst, as often as it may be sent."""
        assert self._requests is not None, "a block comes before its trials"
        chosen = self._routes[arm.name]
        server = self._chain.clusters[chosen.target.server].server
        for sent in range(1, _BURSTS + 1):
            with answering(server):
                wait_until_idle(server)
                with waits.sampling(server.connect) as recording:
                    answers = self._send(chosen, self._requests, self._settings.number("in_flight"))
            values = burst.summary(answers, self._burst, chosen.victims)
            if self._capacities[arm.name] > 0:
                values["burst_over_capacity"] = self._burst.burst_rate / self._capacities[arm.name]
            begin, end = (answers.began_at + at for at in (self._burst.begin, self._burst.end))
            share = waits.summary(recording.samples, begin, end).lock_manager_share
            if share is not None:
                values["lock_manager_share"] = share
            yield {**values, "bursts_sent": sent}

    def _capacity(self, chosen: Route) -> float:
        """Requests per second that the chain answers when it always has as many as connections."""
        seconds = self._seconds("capacity_ms")
        asked = burst.offered(seconds, _PROBE_RATE, self._settings.seed)
        answers = self._send(chosen, asked, self._settings.number("pool"))
        # the first part fills the queue, and is left out
        return burst.capacity(answers, seconds / 3, seconds)

    def _send(self, chosen: Route, requests: tuple[Floats, Integers], in_flight: int) -> Answers:
        self._loads += 1
        due, drawn = requests
        answers = open_loop.run(
            self._settings.workspace / f"load-{self._loads}",
            port=self._chain.proxy.ports["front"],
            paths=chosen.paths,
            due=due,
            target=drawn,
            in_flight=in_flight,
            # whoever asks waits longer than the proxy does, so that the proxy's answer is seen
            patience_seconds=3 * self._seconds("proxy_ms"),
        )
        self._chain.require_alive()
        return answers

    def _seconds(self, name: str) -> float:
        return self._settings.number(name) / 1000


def hold_back(server: Postgres) -> None:
    """Give the database what is left by all else; the sessions that it will have inherit that."""
    process = psutil.Process(server.pid)
    process.nice(_NICENESS)
    if sys.platform == "linux":
        process.cpu_affinity(process.cpu_affinity()[:_PROCESSORS])


def wait_until_idle(server: Postgres) -> None:
    """Return when no session executes anything; ServerFailed when some go on and on.

    A backend that gave up on a request leaves its query running.
    """
    deadline = time.monotonic() + _IDLE_SECONDS
    with server.connect() as watcher:
        while True:
            row = watcher.execute(_ACTIVE).fetchone()
            if row is not None and row[0] == 0:
                return
            if time.monotonic() > deadline:
                raise ServerFailed(f"{server.version} was still busy after {_IDLE_SECONDS:g} s")
            time.sleep(_POLL_SECONDS)


@contextmanager
def opened(experiment: Experiment, settings: BenchSettings) -> Iterator[CascadeBench]:
    """The chain for these arms, warm and measured. Raises Unavailable and ServerFailed."""
    rows = settings.number("rows")
    routes = {arm.name: route(arm, rows) for arm in settings.arms}
    connections = {"max_connections": settings.number("max_connections")}
    try:  # before any server is started for nothing
        program, runs_on = nginx.find(), backend.find()
    except MissingComponent as missing:
        raise Unavailable(missing.reason, missing.install) from missing
    with ExitStack() as stack:
        keys = dict.fromkeys(each.target.server for each in routes.values())
        clusters = start_each(stack, experiment, settings, keys, connections)
        for cluster in clusters.values():
            hold_back(cluster.server)
        for key, orders in dict.fromkeys(
            (e.target.server, e.target.orders) for e in routes.values()
        ):
            create(clusters[key], orders, settings.seed)
        backends = _backends(stack, settings, routes, clusters)
        for name, each in backends.items():
            whose = f"backend {name} of Earwitness"
            _announce(experiment, settings, runs_on, whose, each.ready_seconds)
        ports = {name: each.port for name, each in backends.items()}
        sockets = 2 * settings.number("in_flight") + 64  # two for each request, and its own
        proxy = stack.enter_context(
            nginx.running(
                program,
                settings.workspace,
                config=backend.front(ports, settings.number("proxy_ms")),
                main=f"worker_rlimit_nofile {sockets};",
                name=f"{experiment.id}-nginx",
                connections=sockets,
            )
        )
        _announce(experiment, settings, proxy.version, program.source, proxy.ready_seconds)
        yield CascadeBench(Chain(clusters, backends, proxy, runs_on), routes, settings)


def _backends(
    stack: ExitStack,
    settings: BenchSettings,
    routes: Mapping[str, Route],
    clusters: Mapping[ServerKey, Cluster],
) -> Mapping[str, Backend]:
    """A backend for every name that the routes have, with the queries of all of them."""
    started: dict[str, Backend] = {}
    for chosen in {each.backend: each for each in routes.values()}.values():
        same = [each.target for each in routes.values() if each.backend == chosen.backend]
        started[chosen.backend] = stack.enter_context(
            backend.running(
                clusters[chosen.target.server].server,
                settings.workspace,
                name=chosen.backend,
                queries=queries(same),
                pool=settings.number("pool"),
                patience=_patience(settings, chosen),
            )
        )
    return started


def queries(targets: list[Target]) -> Mapping[str, Query]:
    """What a backend can be asked for: both queries on every table of these arms."""
    made = {}
    for chosen in targets:
        unkeyed, keyed = (burst.query_name(chosen, query) for query in ("unkeyed", "keyed"))
        customer, day = "$1::int", "$2::int"
        made[unkeyed] = Query(sql=chosen.orders.unkeyed(customer), parameters=("customer",))
        made[keyed] = Query(sql=chosen.orders.keyed(customer, day), parameters=("customer", "day"))
    return made


def _patience(settings: BenchSettings, chosen: Route) -> Patience:
    return Patience(
        acquire_ms=settings.number("fast_acquire_ms" if chosen.fail_fast else "acquire_ms"),
        statement_ms=settings.number("fast_statement_ms") if chosen.time_out else 0,
    )


def _announce(
    experiment: Experiment, settings: BenchSettings, server: str, source: str, seconds: float
) -> None:
    settings.announce(
        ServerReady(
            experiment=experiment.id, server=server, source=source, seconds=seconds, settings={}
        )
    )
