"""The visits of a check, in their order. Nothing is decided here but what to ask next.

A session that was taken is not presented again: some servers take none twice. One that was not taken
is, at once: where several servers take turns, each of them is then asked for it.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import permutations

from msgspec.structs import replace

from earwitness.check.evidence import Partly, Unseen
from earwitness.check.mtls import Host, Session
from earwitness.check.plan import Step
from earwitness.check.target import NotSeen
from earwitness.claims.mtls_resumption import dwelling, telling
from earwitness.claims.mtls_resumption.dates import out_of_date
from earwitness.claims.mtls_resumption.evidence import (
    Admission,
    Baseline,
    Crossed,
    Early,
    Resumed,
    Revoked,
    Seen,
)
from earwitness.claims.mtls_resumption.probe import CLAIM, SESSIONS, TRIES, UNKNOWN_NAME
from earwitness.claims.mtls_resumption.ticket_keys import Beginnings
from earwitness.servers.tls_client import identity
from earwitness.servers.tls_client import session as sessions
from earwitness.servers.tls_client.client import Visit
from earwitness.servers.tls_client.session import Kept


def look(session: Session) -> Partly:
    """Everything that was asked for. Raises NotSeen and Unreachable."""
    missed = list(out_of_date(session))
    looking = _Looking(session)
    baselines = looking.baselines()
    resumed = looking.resumptions()
    crossed = (*looking.crossings(baselines), *looking.nameless(baselines))
    seen = Admission(
        server=session.facts["version"],
        protocol=session.asked.protocol,
        versions=session.versions,
        resumed=resumed,
        crossed=crossed,
        early=tuple(looking.early()),
        revoked=tuple(looking.revoked()),
        dwelt=tuple(dwelling.chains(session, looking.renewable(missed), missed)),
        baselines=looking.ended(baselines),
        kept=looking.keep(missed, baselines),
        kept_in=str(session.asked.save or ""),
        transport=session.asked.transport,
        offers_quic=session.offers_quic,
    )
    missed += [*telling.untold(seen), *looking.beginnings.nameless()]
    return Partly(seen, tuple(missed))


def seen(visit: Visit) -> Seen:
    """How it ended, for keeping."""
    outcome = visit.outcome
    return Seen(
        status=outcome.status, body=outcome.body, refusal=outcome.refusal, resumed=visit.resumed
    )


class _Looking:
    """A check on its way."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.beginnings = Beginnings()
        self._kinds = tuple(
            (version, memory) for version in session.versions for memory in _memories(version)
        )
        self._unused: defaultdict[tuple[str, bool, str | None], list[sessions.Session]]
        self._unused = defaultdict(list)
        """Sessions that were given and not presented, as in ``_taken``."""
        self._taken: set[tuple[str, bool, str | None]] = set()
        """Sessions that are taken by their own host: version, memory, name."""
        self._tries: dict[tuple[str, bool], int] = {}
        self._early_bytes: dict[str | None, int] = {}
        """Of early data, that sessions of TLS 1.3 permit, by name."""

    def _step(self, name: str) -> Step:
        step = self._session.announced(name)
        assert step is not None, "the plan was made of the same options"
        return step

    def _full(self, step: Step, version: str, host: Host, *, memory: bool = False) -> Visit:
        """With what opens the host; where it is open to everybody, with nothing."""
        visit = self._session.visit(
            step, version, host.name, identity=host.identity, tickets=not memory
        )
        if visit.session is not None and (memory or visit.session.ticket_key_name is not None):
            self.beginnings.note(version, host.name, visit.session.ticket_key_name)
            self._unused[version, memory, host.name].append(visit.session)
        return visit

    def _fresh(
        self, step: Step, version: str, host: Host, *, memory: bool = False
    ) -> sessions.Session | None:
        """A session that was not presented yet; made for it when none is left from other visits."""
        unused = self._unused[version, memory, host.name]
        if not unused:
            self._full(step, version, host, memory=memory)
        return unused.pop() if unused else None

    def baselines(self) -> tuple[Baseline, ...]:
        """What each host says to whom, with each version."""
        step, visit = self._step("baselines"), self._session.visit
        return tuple(
            Baseline(
                version=version,
                name=host.name,
                open_to_all=host.identity is None,
                alone=seen(visit(step, version, host.name)),
                stranger=seen(visit(step, version, host.name, identity=identity.stranger())),
                admitted=tuple(seen(self._full(step, version, host)) for _ in range(2)),
            )
            for version in self._session.versions
            for host in self._session.hosts
        )

    def ended(self, baselines: tuple[Baseline, ...]) -> tuple[Baseline, ...]:
        """The baselines with what is said at the end, when all else has been asked."""
        step = self._step("baselines")
        hosts = {host.name: host for host in self._session.hosts}
        return tuple(
            replace(
                one,
                admitted=(*one.admitted, seen(self._full(step, one.version, hosts[one.name]))),
            )
            for one in baselines
        )

    def resumptions(self) -> tuple[Resumed, ...]:
        """Sessions of each host presented to it, of every kind that there is."""
        return tuple(
            self._resumption(version, memory, host)
            for version, memory in self._kinds
            for host in self._session.hosts
        )

    def _resumption(self, version: str, memory: bool, host: Host) -> Resumed:
        step = self._step("resumption")
        tries: list[Seen] = []
        given: list[sessions.Session] = []
        renewed = False
        while len(given) < SESSIONS and not any(one.resumed for one in tries):
            first = self._fresh(step, version, host, memory=memory)
            if first is None:
                break
            given.append(first)
            visits = self._presented(step, first, host.name, memory=memory, times=TRIES)
            tries += map(seen, visits)
            renewed |= visits[-1].resumed and first.is_replaced_by(visits[-1].session)
        if any(one.resumed for one in tries):
            self._taken.add((version, memory, host.name))
            self._tries[version, memory] = 1 if len(tries) == 1 else TRIES
        if given and version == "1.3":
            self._early_bytes[host.name] = given[0].early_data_bytes
        return Resumed(
            version=version,
            name=host.name,
            memory=memory,
            offered=bool(given),
            tries=tuple(tries),
            lifetime_seconds=given[0].lifetime_seconds if given else None,
            renewed=renewed,
            ticket_key=self._key(host, given[0]) if given else "",
        )

    def _presented(
        self,
        step: Step,
        session: sessions.Session,
        name: str | None,
        *,
        times: int,
        memory: bool = False,
        early: bool = False,
        host: str = "",
    ) -> list[Visit]:
        """The visits with a session alone: several in a row, until one of several servers takes it."""
        visits: list[Visit] = []
        while len(visits) < times and not any(one.resumed for one in visits):
            visits.append(
                self._session.visit(
                    step,
                    session.version,
                    name,
                    session=session,
                    tickets=not memory,
                    early=early,
                    host=host,
                )
            )
        return visits

    def _key(self, host: Host, given: sessions.Session) -> str:
        return self.beginnings.key(given.version, host.name, given.ticket_key_name)

    def early(self) -> Iterator[Early]:
        """A question in early data, to hosts whose sessions permit it."""
        step = self._session.announced("early-data")
        if step is None:
            return
        for host in self._session.hosts:
            permitted = self._early_bytes.get(host.name, 0)
            visit = None
            session = self._fresh(step, "1.3", host) if permitted else None
            if session is not None:
                times = self._tries.get(("1.3", False), 1)
                visit = self._presented(step, session, host.name, times=times, early=True)[-1]
            yield Early(
                name=host.name,
                permitted_bytes=permitted,
                taken=visit is not None and visit.early,
                seen=None if visit is None else seen(visit),
            )

    def crossings(self, baselines: tuple[Baseline, ...]) -> Iterator[Crossed]:
        """A client of each host at each other host that is not open to everybody."""
        step = self._session.announced("across-hosts")
        if step is None:
            return
        for of, to in self._pairs():
            for version in self._session.versions:
                full = self._session.visit(step, version, to.name, identity=of.identity)
                own = _own(baselines, version, to)
                for memory in _memories(version):
                    resumed = None
                    if not telling.admitted(seen(full), own):
                        resumed = self._crossing(step, version, memory, of, to)
                    yield Crossed(
                        version=version,
                        memory=memory,
                        of=of.name,
                        to=to.name,
                        handshake_name=to.name,
                        named=True,
                        full=seen(full),
                        resumed=resumed,
                    )

    def _crossing(self, step: Step, version: str, memory: bool, of: Host, to: Host) -> Seen | None:
        """A session of the one host at the other: tried again where servers are several."""
        if (version, memory, of.name) not in self._taken:
            return None
        first = self._fresh(step, version, of, memory=memory)
        if first is None:
            return None
        times = self._tries[version, memory]
        return seen(self._presented(step, first, to.name, memory=memory, times=times)[-1])

    def nameless(self, baselines: tuple[Baseline, ...]) -> Iterator[Crossed]:
        """The same where the handshake names nobody who is there, and the request names the host."""
        step = self._session.announced("across-hosts-without-name")
        if step is None:
            return
        for of, to in self._pairs():
            for version in self._session.versions:
                for name in (None, UNKNOWN_NAME):
                    own = _own(baselines, version, to)
                    yield self._nameless(step, version, name, of=of, to=to, own=own)

    def _nameless(
        self,
        step: Step,
        version: str,
        name: str | None,
        *,
        of: Host,
        to: Host,
        own: Baseline,
    ) -> Crossed:
        host = to.name or ""
        full = self._session.visit(step, version, name, identity=of.identity, host=host)
        resumed = None
        if (version, False, of.name) in self._taken and not telling.admitted(seen(full), own):
            first = self._fresh(step, version, of)
            if first is not None:
                times = self._tries[version, False]
                resumed = seen(self._presented(step, first, name, times=times, host=host)[-1])
        return Crossed(
            version=version,
            memory=False,
            of=of.name,
            to=to.name,
            handshake_name=name,
            named=False,
            full=seen(full),
            resumed=resumed,
        )

    def _pairs(self) -> Iterator[tuple[Host, Host]]:
        """Whose session, and where: at hosts that ask for a certificate."""
        for of, to in permutations(self._session.hosts, 2):
            if to.identity is not None:
                yield of, to

    def revoked(self) -> Iterator[Revoked]:
        """The revoked certificate at each host that asks for one, and a session that it got."""
        step = self._session.announced("revoked")
        if step is None:
            return
        for version in self._session.versions:
            for host in self._session.hosts:
                full = self._session.visit(step, version, host.name, identity=self._session.revoked)
                resumed = None
                if full.session is not None:
                    memory = version == "1.2" and full.session.ticket_key_name is None
                    times = self._tries.get((version, memory), 1)
                    again = self._presented(
                        step, full.session, host.name, memory=memory, times=times
                    )
                    resumed = seen(again[-1])
                yield Revoked(version=version, name=host.name, full=seen(full), resumed=resumed)

    def renewable(self, missed: list[Unseen]) -> tuple[Host, ...]:
        """Hosts that ask for a certificate and take sessions of TLS 1.3 without it, each time."""
        if self._tries.get(("1.3", False), 1) > 1:
            if self._session.announced("dwell") is not None:
                reason = (
                    "several servers take turns, so that a session that is not taken has not ended"
                )
                missed.append(dwelling.unseen(reason))
            return ()
        return tuple(
            host
            for host in self._session.hosts
            if host.identity is not None and ("1.3", False, host.name) in self._taken
        )

    def keep(self, missed: list[Unseen], baselines: Sequence[Baseline]) -> int:
        """Keep fresh sessions in the file that was named; how many."""
        step, path = self._session.announced("save-session"), self._session.asked.save
        if step is None or path is None:
            return 0
        kept = []
        for version, memory in self._kinds:
            for host in self._session.hosts:
                if host.identity is None or (version, memory, host.name) not in self._taken:
                    continue
                visit = self._full(step, version, host, memory=memory)
                if visit.session is not None:
                    alone = _own(baselines, version, host).alone
                    kept.append(self._kept(host, visit, visit.session, alone, memory=memory))
        if not kept:
            reason = "the server takes no session back, so there is none to keep"
            missed.append(
                Unseen(
                    claim=CLAIM, what="sessions to come back with", reason=reason, essential=False
                )
            )
            return 0
        try:
            sessions.keep(path, kept, self._session.question)
        except OSError as problem:
            raise NotSeen(f"sessions could not be kept in {path}: {problem.strerror}") from None
        return len(kept)

    def _kept(
        self, host: Host, visit: Visit, given: sessions.Session, alone: Seen, *, memory: bool
    ) -> Kept:
        """A session with what has to be known of it when it is presented in another check."""
        note = {
            "name": host.name or "",
            "status": visit.outcome.status,
            "body": visit.outcome.body,
            "alone_status": alone.status,
            "alone_body": alone.body,
            "key": self._session.key.hex(),
            "ticket_key": self._key(host, given),
            "at": f"{time.time():.0f}",
            "tries": str(self._tries[given.version, memory]),
        }
        return Kept(version=given.version, der=given.der, transport=given.transport, note=note)


def _own(baselines: Sequence[Baseline], version: str, host: Host) -> Baseline:
    own = telling.of(baselines, version, host.name)
    assert own is not None, "each host was looked at with each version"
    return own


def _memories(version: str) -> tuple[bool, ...]:
    """Whether sessions may also be in the server's memory: False is a ticket."""
    return (False, True) if version == "1.2" else (False,)
