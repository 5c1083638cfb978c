"""The burst of the cascade: at which rates, what is asked, and what the answers come to.

Pure. Every arm gets the same requests at the same moments, because traffic does not know how a
table is stored: rates are absolute. They are chosen once for a machine, from what the partitioned
table without the key can answer, so that it is at ease before the burst and overloaded in it
wherever the experiment runs, and proxy and backend never are.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from earwitness.claims.partition_locks.cascade_design import LATE_MS
from earwitness.claims.partition_locks.schema import CUSTOMERS
from earwitness.claims.partition_locks.target import Target
from earwitness.servers.open_loop import (
    NO_ANSWER,
    NOT_SENT,
    Answers,
    Floats,
    Integers,
    Phase,
    arrivals,
)

CALM_SHARE = 0.4
"""Of the capacity that the rates are chosen by, before and after the burst."""
BURST_MULTIPLE = 2.0
"""Of the same capacity, in the burst: too much even if it was measured too low by a third."""
BURST_SHARE = 0.9
"""Of what proxy and backend pass on when the database is no hindrance; no burst asks for more."""

PATHS = 1000
"""Different requests; each is one customer on one day."""
_STATUSES = (500, 502, 504)


@dataclass(frozen=True, kw_only=True)
class Burst:
    """Calm, burst, calm: when, and how many requests are due in each second."""

    calm_seconds: float
    burst_seconds: float
    after_seconds: float
    settled_seconds: float
    """After the burst, until the part of the calm in which failures count as lasting."""
    prompt_seconds: float
    """Within which an answer counts as prompt, whatever it says."""
    calm_rate: float
    burst_rate: float

    @property
    def phases(self) -> tuple[Phase, Phase, Phase]:
        """As the load generator wants them."""
        return (
            Phase(seconds=self.calm_seconds, rate=self.calm_rate),
            Phase(seconds=self.burst_seconds, rate=self.burst_rate),
            Phase(seconds=self.after_seconds, rate=self.calm_rate),
        )

    @property
    def begin(self) -> float:
        """Of the burst, in seconds after that of the load."""
        return self.calm_seconds

    @property
    def end(self) -> float:
        """Of the burst."""
        return self.calm_seconds + self.burst_seconds

    @property
    def stop(self) -> float:
        """When the last request can be due."""
        return self.end + self.after_seconds


def rates(capacity: float, passed_on: float) -> tuple[float, float]:
    """Requests per second in the calm and in the burst, for that capacity of the chosen arm.

    ``passed_on``: the capacity of an arm that proxy and backend limit, and not the database.
    """
    return CALM_SHARE * capacity, min(BURST_MULTIPLE * capacity, BURST_SHARE * passed_on)


def requests(burst: Burst, seed: int, block: int) -> tuple[Floats, Integers]:
    """When requests are due, and which path each asks for; the same for all arms of a block."""
    due = arrivals(burst.phases, seed=hash_of(seed, block))
    drawn = np.random.default_rng(hash_of(seed, block) + 1).integers(0, PATHS, len(due))
    return due, drawn.astype(np.int64)


def hash_of(seed: int, block: int) -> int:
    """A seed of the block's own."""
    return (seed % 1_000_003) * 1_000 + 2 * block


def is_victim(path: int, victims: float) -> bool:
    """Whether that path names the partition key in an arm where a share ``victims`` does."""
    return path % 100 < round(100 * victims)


def paths(chosen: Target, victims: float, backend: str) -> tuple[str, ...]:
    """The requests of an arm, as paths of the nginx in front of its backend."""
    days = chosen.orders.days
    made = []
    for number in range(PATHS):
        query = "keyed" if is_victim(number, victims) else chosen.query
        asked = f"customer={number % CUSTOMERS + 1}&day={number * 7 % days}"
        made.append(f"/{backend}/{query_name(chosen, query)}?{asked}")
    return tuple(made)


def query_name(chosen: Target, query: str) -> str:
    """What the backend calls the query ``keyed`` or ``unkeyed`` on the arm's table."""
    return f"{chosen.orders.name}-{query}"


def capacity(answers: Answers, begin: float, end: float) -> float:
    """Requests answered well per second, in that window of a load that always has more to send."""
    done = answers.due + answers.latency
    return float(((answers.status == 200) & (done >= begin) & (done < end)).sum() / (end - begin))


def summary(answers: Answers, burst: Burst, victims: float) -> dict[str, float]:
    """The metrics of one burst. Shares are of the requests that were due in that time."""
    calm = answers.between(0, burst.begin)
    peak = answers.between(burst.begin, burst.end)
    after = answers.between(burst.end, burst.stop)
    settled = answers.between(burst.end + burst.settled_seconds, burst.stop)
    values = {
        "calm_failed": _share(calm.failed, calm),
        "burst_failed": _share(peak.failed, peak),
        "after_failed": _share(after.failed, after),
        "settled_failed": _share(settled.failed, settled),
        "prompt": _share(int((peak.latency <= burst.prompt_seconds).sum()), peak),
        "completed": _share(answers.count(200), answers),
        **{f"burst_{status}": _share(peak.count(status), peak) for status in _STATUSES},
        **{f"status_{status}": float(answers.count(status)) for status in _STATUSES},
        "unanswered": float(answers.count(NO_ANSWER)),
        "not_sent": float(answers.count(NOT_SENT)),
        "late_p99_ms": float(np.quantile(answers.lateness, 0.99)) * 1000,
        "generator_cpu": answers.cpu_share,
    }
    if np.isfinite(peak.latency).any():
        values["p99_ms"] = peak.quantile(0.99) * 1000
    if victims:
        chosen = np.array([is_victim(int(path), victims) for path in peak.target], dtype=bool)
        of_victims, of_others = peak.where(chosen), peak.where(~chosen)
        values["victims_failed"] = _share(of_victims.failed, of_victims)
        values["offenders_failed"] = _share(of_others.failed, of_others)
    return values


def on_time(bursts: Iterable[dict[str, float]]) -> dict[str, float]:
    """The first of these bursts whose requests left when they were due; else the last.

    Whether a burst counts is decided by its generator alone, whatever was answered.
    """
    values: dict[str, float] = {}
    for values in bursts:
        if values["late_p99_ms"] <= LATE_MS and not values["not_sent"]:
            break
    return values


def offered(seconds: float, rate: float, seed: int) -> tuple[Floats, Integers]:
    """Requests for measuring a capacity: evenly random at one rate, all paths alike."""
    due = arrivals((Phase(seconds=seconds, rate=rate),), seed)
    return due, np.arange(len(due), dtype=np.int64) % PATHS


def _share(count: int, of: Answers) -> float:
    """Zero of nothing is nothing: a time without requests has no failures."""
    return count / len(of.due) if len(of.due) else 0.0
