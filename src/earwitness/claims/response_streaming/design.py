"""The experiments: which ways an answer takes, and how often.

Values only, part of ``claim``. Two arms that are compared differ in one setting.
"""

from collections.abc import Mapping

from earwitness.experiment.design import (
    Arm,
    AtMost,
    Condition,
    Control,
    Depth,
    Experiment,
    Fixed,
    Metric,
    Plan,
    Sequential,
    Setting,
)

FILL_BYTES = 65536
"""More than the whole answer: a client that fills it first waits for the end."""

_PROOF_SIZES = "1024,3072,12288"
"""Bytes of the writes: 1 KiB, then up to 4 KiB (a page of a proxy), then up to 16 KiB."""
_FINE_SIZES = ",".join(["512"] * 24)
"""Small steps, to see at how many bytes a page is full."""
_PROOF_SETTINGS: Mapping[str, Setting] = {
    "sizes": _PROOF_SIZES,
    "patience_answers": 10,
    "patience_ms": 100,
}
_STUDY_SETTINGS: Mapping[str, Setting] = {
    "sizes": _FINE_SIZES,
    "patience_answers": 20,
    "patience_ms": 300,
}
_THREE = Fixed(blocks=3)
_TEN = Fixed(blocks=10)

_METRICS = (
    Metric(name="first_before_last", title="First byte before the last write", unit="yes or no"),
    Metric(name="written_at_first", title="Written when the first byte arrived", unit="bytes"),
    Metric(name="held_bytes", title="Most bytes written but held back", unit="bytes"),
    Metric(name="wrong_bytes", title="Bytes missing, extra or different", unit="bytes"),
)


def _arm(
    name: str,
    title: str,
    *,
    runtime: str = "custom-python",
    mode: str = "RESPONSE_STREAM",
    hop: str = "none",
    client_buffer: int = 0,
) -> Arm:
    settings: dict[str, Setting] = {
        "runtime": runtime,
        "mode": mode,
        "hop": hop,
        "client_buffer": client_buffer,
    }
    return Arm(name=name, title=title, settings=settings)


answer = Experiment(
    id="answer",
    title="One answer in three writes, function and client in step",
    arms=(
        _arm("streamed", "Function URL, RESPONSE_STREAM"),
        _arm("buffered", "Function URL, BUFFERED", mode="BUFFERED"),
        _arm("official-python", "AWS's Python runtime client", runtime="official-python"),
        _arm("plain", "no Lambda: plain chunked HTTP", runtime="plain", mode="none"),
        _arm("filling-client", "client fills 64 KiB first", client_buffer=FILL_BYTES),
    ),
    metrics=_METRICS,
    plans={
        Depth.PROOF: Plan(design=_THREE, settings=_PROOF_SETTINGS),
        Depth.STUDY: Plan(design=_TEN, settings=_PROOF_SETTINGS),
    },
)

hops = Experiment(
    id="hops",
    title="The same streamed answer through a reverse proxy",
    arms=(
        _arm("direct", "no proxy"),
        _arm("http10-store", "HTTP/1.0, stores then forwards", hop="http10-store"),
        _arm("http11-store", "HTTP/1.1, stores then forwards", hop="http11-store"),
        _arm("http10-relay", "HTTP/1.0, relays at once", hop="http10-relay"),
        _arm("http11-relay", "HTTP/1.1, relays at once", hop="http11-relay"),
    ),
    metrics=_METRICS,
    plans={
        Depth.PROOF: Plan(design=_THREE, settings=_PROOF_SETTINGS),
        Depth.STUDY: Plan(design=_TEN, settings=_PROOF_SETTINGS),
    },
)

node = Experiment(
    id="node",
    title="The same with AWS's own runtime client for Node",
    arms=(
        _arm("node-streamed", "RESPONSE_STREAM", runtime="official-node"),
        _arm("node-buffered", "BUFFERED", runtime="official-node", mode="BUFFERED"),
    ),
    metrics=_METRICS,
    plans={
        Depth.PROOF: Plan(design=_THREE, settings=_PROOF_SETTINGS),
        Depth.STUDY: Plan(design=_TEN, settings=_PROOF_SETTINGS),
    },
)

nginx = Experiment(
    id="nginx",
    title="The same streamed answer through a real nginx",
    arms=(
        _arm("nginx-http10", "HTTP/1.0, buffering on", hop="nginx-http10"),
        _arm("nginx-http11", "HTTP/1.1, buffering on", hop="nginx-http11"),
        _arm("nginx-unbuffered", "HTTP/1.0, buffering off", hop="nginx-unbuffered"),
    ),
    metrics=_METRICS,
    plans={
        Depth.PROOF: Plan(design=_THREE, settings=_PROOF_SETTINGS),
        Depth.STUDY: Plan(design=_THREE, settings=_STUDY_SETTINGS),
    },
)

pace = Experiment(
    id="pace",
    title="The same function at its own pace, by the clock",
    arms=(
        _arm("streamed", "Function URL, RESPONSE_STREAM"),
        _arm("buffered", "Function URL, BUFFERED", mode="BUFFERED"),
        _arm("streamed-again", "RESPONSE_STREAM once more"),
    ),
    metrics=(
        Metric(name="first_ms", title="Until the first byte", unit="ms"),
        Metric(name="whole_ms", title="Until the whole answer", unit="ms"),
        Metric(name="wrong_bytes", title="Bytes missing, extra or different", unit="bytes"),
    ),
    gates=(
        Condition(
            id="whole-answers",
            statement="every answer was whole",
            metric="wrong_bytes",
            criterion=AtMost(0),
        ),
        Control(
            id="same-mode-twice",
            statement="a streamed answer takes as long as a streamed answer",
            metric="whole_ms",
            arm="streamed",
            twin="streamed-again",
        ),
    ),
    plans={
        Depth.STUDY: Plan(
            design=Sequential(least=20, most=60),
            settings={"writes": 10, "size": 512, "pause_ms": 50},
        ),
    },
)

EXPERIMENTS = (answer, hops, node, nginx, pace)
