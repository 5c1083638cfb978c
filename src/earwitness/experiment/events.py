"""The log of a run: one typed union, one JSON line each, append-only.

Values and their encoding. The worker writes them, the store numbers and keeps them, terminal and
site show them; everything that is later said of a run is computed from them.
"""

from collections.abc import Mapping

import msgspec

from earwitness.experiment.design import Claim, Depth
from earwitness.experiment.observation import Trial
from earwitness.experiment.verdict import ClaimResult, GateResult, HypothesisResult


class Waiting(msgspec.Struct, frozen=True, kw_only=True, tag="waiting"):
    """Another experiment has the machine; ``holder`` says which."""

    holder: str


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """The whole design, so that the record can be judged without the code that made it."""

    claim: Claim
    depth: Depth
    seed: int
    budget_seconds: float | None
    environment: Mapping[str, str]


class ServerReady(msgspec.Struct, frozen=True, kw_only=True, tag="server_ready"):
    """A real component answers. ``seconds`` from its start until then."""

    experiment: str
    server: str
    """Product and version, as it gives them itself."""
    source: str
    """Where its binaries come from (a package, a folder)."""
    seconds: float
    settings: Mapping[str, str] = {}


class BenchOpened(msgspec.Struct, frozen=True, kw_only=True, tag="bench_opened"):
    """All servers of an experiment are up; versions and settings as the bench gives them."""

    experiment: str
    environment: Mapping[str, str]


class TrialFinished(msgspec.Struct, frozen=True, kw_only=True, tag="trial_finished"):
    """A raw observation."""

    trial: Trial


class Look(msgspec.Struct, frozen=True, kw_only=True, tag="look"):
    """What could be said after a block."""

    experiment: str
    block: int
    hypotheses: tuple[HypothesisResult, ...]


class GateFailed(msgspec.Struct, frozen=True, kw_only=True, tag="gate_failed"):
    """A condition for a verdict does not hold."""

    experiment: str
    gate: GateResult


class ExperimentUnavailable(msgspec.Struct, frozen=True, kw_only=True, tag="unavailable"):
    """A component is missing or a right is not granted; ``install`` is the command that helps."""

    experiment: str
    reason: str
    install: str | None = None


class ExperimentEnded(msgspec.Struct, frozen=True, kw_only=True, tag="experiment_ended"):
    """No more blocks. ``reason``: decided, condition failed, complete, or budget."""

    experiment: str
    blocks: int
    reason: str


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag="finished"):
    """The verdicts."""

    result: ClaimResult


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The run could not go on; ``message`` says why in one line a user can act on."""

    message: str
    detail: str = ""


Event = (
    Waiting
    | Started
    | ServerReady
    | BenchOpened
    | TrialFinished
    | Look
    | GateFailed
    | ExperimentUnavailable
    | ExperimentEnded
    | Finished
    | Failed
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """One JSON document without a line break."""
    return _encoder.encode(event)


def decode(line: bytes | str) -> Event:
    """The event of one line; msgspec.ValidationError or DecodeError when it is none."""
    return _decoder.decode(line)
