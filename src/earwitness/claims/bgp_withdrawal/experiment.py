"""The bench of the claim: real BGP sessions on loopback, and what a trial does to the origin.

Which internet runs is decided by what is on the machine: with BIRD the one with transit, else the
direct one. A trial takes something away at the origin, waits until every route that is left is
true, and gives it back. Nothing here decides what that means.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from earwitness.claims.bgp_withdrawal import bird_lab, exabgp_lab, visibility
from earwitness.claims.bgp_withdrawal.internet import SERVICES, Truth, prefixes
from earwitness.claims.bgp_withdrawal.lab import Lab
from earwitness.claims.bgp_withdrawal.visibility import Question
from earwitness.experiment.bench import Bench, BenchSettings, Unavailable
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.events import ServerReady
from earwitness.experiment.observation import Observation
from earwitness.servers.bgp.prefix import Prefix
from earwitness.servers.bird import Bird
from earwitness.servers.exabgp import ExaBgp
from earwitness.servers.process import MissingComponent, ServerFailed

_Opened = AbstractContextManager[tuple[Lab, Sequence[Bird | ExaBgp]]]
_Running = Callable[[tuple[Prefix, ...], Path], _Opened]

_POLL_SECONDS = 0.01
_SETTLE_SECONDS = 6.0
"""How long ghosts are given to go away."""
_RESTORE_SECONDS = 15.0
_START_SECONDS = 25.0


@contextlib.contextmanager
def open_bench(experiment: Experiment, settings: BenchSettings) -> Iterator[Bench]:
    """Start the routers, wait until every vantage has every route, yield the bench.

    Raises Unavailable when the machine has neither BIRD nor ExaBGP, ServerFailed when routers do
    not start or their routes do not arrive.
    """
    announced = prefixes(settings.number("ipv4"), settings.number("ipv6"))
    with contextlib.ExitStack() as stack:
        lab, routers, instead = _start(stack, announced, settings.workspace)
        for router in routers:
            settings.announce(
                ServerReady(
                    experiment=experiment.id,
                    server=router.version,
                    source=router.source,
                    seconds=router.ready_seconds,
                )
            )
        bench = WithdrawalBench(lab, announced, settings.number("quiet_ms") / 1000, instead)
        bench.wait_until_whole()
        yield bench


def _start(
    stack: contextlib.ExitStack, announced: tuple[Prefix, ...], workspace: Path
) -> tuple[Lab, Sequence[Bird | ExaBgp], str | None]:
    """The best internet that this machine can run, and why not the better one."""
    ladder: tuple[_Running, ...] = (bird_lab.running, exabgp_lab.running)
    missing: list[MissingComponent] = []
    for running in ladder:
        try:
            lab, routers = stack.enter_context(running(announced, workspace))
        except MissingComponent as reason:
            missing.append(reason)
        else:
            return lab, routers, "; ".join(one.reason for one in missing) or None
    raise Unavailable("; ".join(one.reason for one in missing), missing[-1].install)


@dataclass(frozen=True)
class _Action:
    """What an arm takes away at the origin, and what it adds elsewhere."""

    withdraw: bool
    cut: int
    elsewhere: bool


def _action(arm: Arm) -> _Action:
    return _Action(
        withdraw=bool(arm.settings["withdraw"]),
        cut=int(arm.settings["sessions_cut"]),
        elsewhere=bool(arm.settings["services_elsewhere"]),
    )


class WithdrawalBench:
    """Takes routes or sessions from the origin, counts what is left everywhere, gives them back."""

    def __init__(
        self, lab: Lab, announced: tuple[Prefix, ...], quiet_seconds: float, instead: str | None
    ) -> None:
        self._lab = lab
        self._question = Question(announced, lab.vantage_of)
        self._prefixes = len(announced)
        self._quiet_seconds = quiet_seconds
        self._instead = instead
        self._all = frozenset((asn, p) for asn in lab.vantages for p in announced)

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions, topology, and why it is not the better one."""
        vantages = len(self._lab.vantages)
        counted = f"{len(self._all)}: {self._prefixes} prefixes x vantages ({vantages})"
        said = {**self._lab.environment, "routes": counted}
        if self._instead is not None:
            said["without transit because"] = self._instead
        return said

    def block(self, block: int) -> None:
        """The arms of a block share nothing that changes."""

    def wait_until_whole(self) -> None:
        """Return when all routes and sessions are there; ServerFailed when they do not come."""
        if not self._restored(_START_SECONDS):
            there = len(self._visible())
            raise ServerFailed(
                f"after {_START_SECONDS:g} s the vantages have {there} of {len(self._all)} routes "
                f"and the origin {self._lab.sessions()} of {self._lab.links} sessions"
            )

    def trial(self, arm: Arm) -> Observation:
        """One disturbance and its end."""
        action, lab = _action(arm), self._lab
        if action.elsewhere:
            lab.announce_elsewhere()
            self._settle(Truth(elsewhere=True), time.monotonic())
        before = lab.collector.snapshot()
        began = time.monotonic()
        truth = self._disturb(action)
        ghosts = self._settle(truth, began)
        after = self._visible()
        course = visibility.course(before.view, lab.collector.since(before.mark), self._question)
        seen = self._standing(ghosts)
        seen |= self._routes(visibility.pairs(before.view, self._question), after)
        seen |= {
            "routes_least": course.least,
            "kept": _percent(course.least, len(self._all)),
            "updates": course.updates,
            "announcements": course.announcements,
            "withdrawals": course.withdrawals,
        }
        if course.changed_at is not None:
            seen["settled_ms"] = (course.changed_at - began) * 1000
        return Observation(values=seen | self._give_back(action))

    def _disturb(self, action: _Action) -> Truth:
        """Do what the arm says to the origin; what is true from then on."""
        if action.withdraw:
            self._lab.withdraw()
        cut = self._lab.cut(action.cut)
        return Truth(announced=not action.withdraw, cut=cut, elsewhere=action.elsewhere)

    def _standing(self, ghosts: int) -> dict[str, float]:
        """What still works, and what is left that should not."""
        lab = self._lab
        services = {asn for asn, prefix in self._visible() if prefix == SERVICES}
        return {
            "ghosts": ghosts,
            "answering": _percent(lab.answering(), lab.routers),
            "sessions_up": _percent(lab.sessions(), lab.links),
            "services_kept": _percent(len(services), len(lab.vantages)),
        }

    def _routes(
        self, before: frozenset[visibility.Pair], after: frozenset[visibility.Pair]
    ) -> dict[str, float]:
        """Routes before and after, all together and by vantage."""
        seen: dict[str, float] = {
            "routes_before": len(before),
            "missing_before": len(self._all - before),
            "routes_after": len(after),
        }
        for asn, name in self._lab.vantages.items():
            seen[f"before_{name}"] = sum(vantage == asn for vantage, _ in before)
            seen[f"after_{name}"] = sum(vantage == asn for vantage, _ in after)
        return seen

    def _give_back(self, action: _Action) -> dict[str, float]:
        """Undo the disturbance; how many routes come back, and in which time."""
        lab = self._lab
        snapshot = lab.collector.snapshot()
        began = time.monotonic()
        if action.elsewhere:
            lab.withdraw_elsewhere()
        if action.withdraw:
            lab.announce()
        if action.cut:
            lab.mend()
        self._restored(_RESTORE_SECONDS)
        there = len(self._visible())
        seen: dict[str, float] = {
            "routes_restored": there,
            "restored": _percent(there, len(self._all)),
        }
        events = lab.collector.since(snapshot.mark)
        course = visibility.course(snapshot.view, events, self._question)
        if course.changed_at is not None:
            seen["restored_ms"] = (course.changed_at - began) * 1000
        return seen

    def _visible(self) -> frozenset[visibility.Pair]:
        return visibility.pairs(self._lab.collector.snapshot().view, self._question)

    def _settle(self, truth: Truth, began: float) -> int:
        """Wait until no route is a ghost and nobody says anything new; the ghosts that stay."""
        deadline = began + _SETTLE_SECONDS
        while (ghosts := self._lab.ghosts(truth)) or not self._quiet_since(began):
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        return ghosts

    def _restored(self, seconds: float) -> bool:
        """Wait until all is as before the first trial; whether it came to that."""
        began = time.monotonic()
        while not self._is_whole(began):
            if time.monotonic() > began + seconds:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _is_whole(self, since: float) -> bool:
        return (
            self._visible() == self._all
            and self._quiet_since(since)
            and self._lab.sessions() == self._lab.links
            and self._lab.ghosts(Truth()) == 0
        )

    def _quiet_since(self, moment: float) -> bool:
        """Whether the collector has heard nothing for a while, and so long after the moment."""
        waited = time.monotonic() - moment
        return min(waited, self._lab.collector.quiet_seconds()) >= self._quiet_seconds


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole
