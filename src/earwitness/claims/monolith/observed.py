"""What one trial counted, and how that becomes the values of an observation.

Pure. Counts are those of the watched seconds of all streams together; values are for a minute of
one stream, by division: everything that is counted happens once for each window, so a short stream
says what a long one costs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from earwitness.claims.monolith import pricing
from earwitness.claims.monolith.design import CONTAINER_VCPU, HEAVY_VCPU
from earwitness.claims.monolith.pipeline.detectors import Finding
from earwitness.claims.monolith.pricing import Sheet, Work
from earwitness.experiment.design import Arm
from earwitness.experiment.observation import Observation
from earwitness.servers.cloud.objects import Traffic

_MINUTE_SECONDS = 60
_STEPS_COMPUTE_MORE = 2.0
"""CPU seconds that steps are charged for each one of the process where detection is heavy. They also
write, fetch and read pictures, but that does not grow with what is detected in them: an allowance
that is hard on the steps, against the boundary that is to be shown, and no measurement."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a way of watching says of itself: findings of each stream, and what they took."""

    found: tuple[tuple[Finding, ...], ...]
    decoded: int
    cpu_seconds: float
    transitions: int = 0


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What was seen, and what others counted meanwhile."""

    seen: Seen
    fetched: int
    invocations: int
    traffic: Traffic


def observation(
    arm: Arm,
    watched: Watched,
    defects: tuple[tuple[Finding, ...], ...],
    seconds: float,
    prices: Sheet,
) -> Observation:
    """The values of a trial. ``defects``: of each stream; ``seconds``: the length of one."""
    minutes = seconds * len(defects) / _MINUTE_SECONDS
    work = Work(
        transitions=watched.seen.transitions / minutes,
        invocations=watched.invocations / minutes,
        puts=watched.traffic.puts / minutes,
        gets=watched.traffic.gets / minutes,
    )
    stored = watched.traffic.bytes_written + watched.traffic.bytes_read
    return Observation(
        values={
            "wrong": wrong(watched.seen.found, defects),
            "pieces": work.pieces,
            "transitions": work.transitions,
            "invocations": work.invocations,
            "requests": work.puts + work.gets,
            "stored_bytes": stored / minutes,
            "decoded": watched.seen.decoded / minutes,
            "fetched": watched.fetched / minutes,
            "cpu_share": watched.seen.cpu_seconds / minutes / _MINUTE_SECONDS,
            "cpu_seconds": watched.seen.cpu_seconds / minutes,
            "usd_hour": pricing.of_pieces(prices, work) + light(arm, prices),
            "usd_hour_heavy": pricing.of_pieces(prices, work) + heavy(arm, prices),
        },
        outcomes={"found": told(watched.seen.found)},
    )


def wrong(found: tuple[tuple[Finding, ...], ...], defects: tuple[tuple[Finding, ...], ...]) -> int:
    """Defects that were missed, and findings that are none, over all streams."""
    streams = zip(found, defects, strict=True)
    return sum(len(set(mine) ^ set(theirs)) for mine, theirs in streams)


def told(found: tuple[tuple[Finding, ...], ...]) -> str:
    """Findings in words: ``black 1-3 s, freeze 6-8 s; ...``, a part for each stream."""
    return "; ".join(
        ", ".join(f"{name} {start:g}-{end:g} s" for name, start, end in stream) or "nothing"
        for stream in found
    )


def light(arm: Arm, prices: Sheet) -> float:
    """The allowance for computing, an hour of a stream whose detection is light."""
    charges: Mapping[str, float] = {
        "nothing": 0.0,
        "functions": pricing.of_functions(prices, CONTAINER_VCPU),
        "containers": pricing.of_container(prices, CONTAINER_VCPU) * int(arm.settings["clones"]),
    }
    return charges[str(arm.settings["compute"])]


def heavy(arm: Arm, prices: Sheet) -> float:
    """The allowance where detection needs ``HEAVY_VCPU`` for a stream; steps compute more."""
    if arm.settings["compute"] == "containers":
        return pricing.of_container(prices, HEAVY_VCPU)
    more = _STEPS_COMPUTE_MORE if arm.settings["machine"] == "steps" else 1.0
    return pricing.of_functions(prices, HEAVY_VCPU * more)
