"""What the episode on WebTransport says, and how it is put to the test.

Values only: arms, gates and plans, to be read from top to bottom; the hypotheses have a module of
their own. How a packet is lost stands in ``passage`` and ``sockets``.
"""

from earwitness.claims.webtransport.hypotheses import HYPOTHESES
from earwitness.experiment.design import (
    Arm,
    AtLeast,
    AtMost,
    Bars,
    Boundary,
    Claim,
    Condition,
    Depth,
    Experiment,
    Fixed,
    Gate,
    Metric,
    Plan,
    Remedy,
    Source,
    Surprise,
    Within,
)

_FLOWS = 8
_ROUNDS = 6
_BLOCKS = 5
_PLAN = Plan(
    design=Fixed(blocks=_BLOCKS),
    # Eight messages of a hundred bytes fit one packet, and six rounds of them the first
    # congestion window of a connection (some 12 kB): nothing is held up for another reason.
    settings={"flows": _FLOWS, "rounds": _ROUNDS, "message_bytes": 100},
)

_COMMON_METRICS = (
    Metric(name="others_behind", title="Other flows' messages sent with or behind the lost packet"),
    Metric(name="others_waiting", title="Other flows' messages that waited"),
    Metric(name="others_waiting_percent", title="Other flows' messages that waited", unit="%"),
    Metric(name="own_waiting_percent", title="Later messages of the same flow waiting", unit="%"),
    Metric(name="flows_stopped", title="Flows that one lost packet stopped"),
    Metric(name="never", title="Messages that never arrived"),
    Metric(name="packets", title="Packets sent until the count"),
    Metric(name="packets_lost", title="Packets that were lost"),
    Metric(name="handshakes", title="Connections that were set up"),
)


def _arm(name: str, title: str, carry: str, *, packets: str = "own") -> Arm:
    """An arm of the streams; ``carry`` in the words of ``passage.lanes``."""
    return Arm(name=name, title=title, settings={"carry": carry, "packets": packets})


def _named(experiment: str) -> tuple[str, ...]:
    return tuple(h.id for h in HYPOTHESES if h.experiment == experiment)


def _stream_gates() -> tuple[Gate, ...]:
    """That each trial lost what it was to lose, and nothing was repaired before the count."""
    guarded = _named("streams")
    own = ("streams", "one-stream", "datagrams", "sessions")
    return (
        Condition(
            id="one-packet",
            statement="the hop lost exactly one packet",
            metric="packets_lost",
            criterion=Within(1, 1),
            guards=guarded,
        ),
        Condition(
            id="one-message",
            statement="by the sender's log, the lost packet carried one message",
            metric="messages_lost",
            criterion=Within(1, 1),
            arms=own,
            guards=tuple(id for id in guarded if id != "shared-packets"),
        ),
        Condition(
            id="one-of-each",
            statement="by the sender's log, the lost packet carried a message of every flow",
            metric="messages_lost",
            criterion=Within(_FLOWS, _FLOWS),
            arms=("shared-packets",),
            guards=("shared-packets",),
        ),
        Condition(
            id="not-repaired",
            statement="nothing of the lost packet was sent again before the count",
            metric="repeated",
            criterion=AtMost(0),
            guards=guarded,
        ),
    )


streams = Experiment(
    id="streams",
    title="One lost packet of one of eight flows over WebTransport",
    arms=(
        _arm("streams", "a stream for every flow", "streams"),
        _arm(
            "shared-packets",
            "the same, a tick's messages in one packet",
            "streams",
            packets="shared",
        ),
        _arm("one-stream", "all flows on one stream", "one-stream"),
        _arm("datagrams", "datagrams", "datagrams"),
        _arm("sessions", "a session for every flow", "sessions"),
    ),
    metrics=(
        *_COMMON_METRICS,
        Metric(name="messages_lost", title="Messages in the lost packet, by the sender's log"),
        Metric(name="repeated", title="Packets that repeated the lost one before the count"),
        Metric(name="setup_bytes", title="Bytes both ways until all sessions are open", unit="B"),
    ),
    gates=_stream_gates(),
    plans={Depth.PROOF: _PLAN},
)

websocket = Experiment(
    id="websocket",
    title="One lost segment of one of eight flows over WebSocket and TCP",
    arms=(
        Arm(
            name="one-websocket",
            title="all flows on one WebSocket",
            settings={"carry": "one-websocket"},
        ),
        Arm(
            name="websockets",
            title="a WebSocket for every flow",
            settings={"carry": "websockets"},
        ),
    ),
    metrics=_COMMON_METRICS,
    gates=(
        Condition(
            id="segment-lost",
            statement="the receiver's kernel threw the chosen segment away",
            metric="packets_lost",
            criterion=AtLeast(1),
            guards=_named("websocket"),
        ),
        Condition(
            id="own-segments",
            statement="every message travelled in a segment of its own",
            metric="packets",
            criterion=Within(_FLOWS * _ROUNDS, _FLOWS * _ROUNDS),
            guards=_named("websocket"),
        ),
    ),
    plans={Depth.PROOF: _PLAN},
)

CLAIM = Claim(
    id="webtransport",
    title="WebTransport streams do not wait for each other",
    said="WebTransport gives a browser many streams over one secure connection. Streams do not wait "
    "for each other, so one lost packet no longer stops everything, and an application gets in one "
    "place what older browser transports cannot give it.",
    source=Source(show="backend-engineering-show", episode="webtransport"),
    headline="streams",
    hypotheses=HYPOTHESES,
    experiments=(streams, websocket),
    boundary=Boundary(
        true_when="flows that do not depend on each other share one session, each on a stream of "
        "its own and in packets of its own: a lost packet then stops the one flow it belongs to.",
        false_when="one packet carries messages of every flow, because they are sent off together, "
        "or one stream carries all flows; and a WebSocket for every flow keeps the others going "
        "just as well, for as many handshakes as there are flows.",
    ),
    remedy=Remedy(
        text="Give each independent flow a stream of its own, and do not collect the messages of "
        "all flows for one flush: streams that share a packet share its loss. Send as datagrams "
        "what is worthless when it is late.",
        hypothesis="remedy",
    ),
    charts=(
        Bars(
            experiment="streams",
            metric="flows_stopped",
            title="Flows that one lost packet stops",
            caption="Of eight; counted while the packet was missing. Datagrams: the lost message.",
        ),
        Bars(
            experiment="streams",
            metric="others_waiting_percent",
            title="Messages of the other flows that wait",
            caption="Of those sent with or behind the lost packet.",
        ),
        Bars(
            experiment="websocket",
            metric="others_waiting_percent",
            title="The same over WebSocket and TCP",
            caption="One socket stops all flows; a socket for every flow stops one.",
        ),
        Bars(
            experiment="streams",
            metric="setup_bytes",
            title="Bytes until all sessions are open",
            caption="What connections cost that streams do not.",
        ),
        Bars(
            experiment="streams",
            metric="packets",
            title="Packets for the same messages",
            caption="What it costs to keep flows out of each other's packets.",
        ),
    ),
    surprises=(
        Surprise(
            hypothesis="shared-packets",
            text="A stream for every flow was not enough: sent off together, the flows shared a "
            "packet, and with it {effect} of the other flows' messages waited.",
            verdicts=("refuted",),
        ),
        Surprise(
            hypothesis="websockets",
            text="Eight plain WebSockets kept seven flows going as well as eight streams did. What "
            "WebTransport saves is seven handshakes.",
        ),
    ),
)
