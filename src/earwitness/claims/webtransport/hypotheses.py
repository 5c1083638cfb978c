"""The sentences that are held against the counts, in the order in which they are told.

Values only, part of ``claim``, which has the arms and metrics that are named here. "Waits" has one
meaning throughout: sent with or behind the lost packet, and not handed to the application before
that packet was repeated. All outcomes are counted.
"""

from earwitness.experiment.design import (
    AtLeast,
    AtMost,
    Difference,
    Hypothesis,
    Inference,
    Ratio,
    Role,
    Value,
)

_STREAMS = "streams"
_WEBSOCKET = "websocket"
_NONE_PERCENT = 0.0
_ALL_PERCENT = 100.0
_HANDSHAKE_BYTES = 4.0
"""Times as many bytes: half of what eight handshakes would take if none could be shared."""

HYPOTHESES = (
    Hypothesis(
        id="streams",
        statement="with a WebTransport stream for every flow, no other flow waits for the flow "
        "that lost a packet",
        question="A stream for every flow: how many percent of the other flows' messages wait?",
        role=Role.CLAIM,
        experiment=_STREAMS,
        contrast=Value(metric="others_waiting_percent", arm="streams"),
        criterion=AtMost(_NONE_PERCENT),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="shared-packets",
        statement="with a stream for every flow, no other flow waits either when all flows' "
        "messages of one tick are sent off together",
        question="Streams, but all flows sent off together: how many percent of the others wait?",
        role=Role.CLAIM,
        experiment=_STREAMS,
        contrast=Value(metric="others_waiting_percent", arm="shared-packets"),
        criterion=AtMost(_NONE_PERCENT),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="one-websocket",
        statement="with all flows on one WebSocket, every message of the other flows behind the "
        "lost segment waits",
        question="All flows on one WebSocket: how many percent of the other flows' messages wait?",
        role=Role.CLAIM,
        experiment=_WEBSOCKET,
        contrast=Value(metric="others_waiting_percent", arm="one-websocket"),
        criterion=AtLeast(_ALL_PERCENT),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="one-stream",
        statement="with all flows on one WebTransport stream, every message of the other flows "
        "behind the lost packet waits",
        question="All flows on one stream: how many percent of the other flows' messages wait?",
        role=Role.MECHANISM,
        experiment=_STREAMS,
        contrast=Value(metric="others_waiting_percent", arm="one-stream"),
        criterion=AtLeast(_ALL_PERCENT),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="datagrams",
        statement="the later messages of the flow that lost a packet all wait on its stream, and "
        "none of them waits as a datagram",
        question="Same flow, later messages: percent that wait as datagrams, minus on a stream?",
        role=Role.MECHANISM,
        experiment=_STREAMS,
        contrast=Difference(metric="own_waiting_percent", arm="datagrams", reference="streams"),
        criterion=AtMost(_NONE_PERCENT - _ALL_PERCENT),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="datagram-lost",
        statement="a message in a lost datagram never arrives, and on a stream every message does",
        question="How many more messages never arrive as datagrams than on streams?",
        role=Role.MECHANISM,
        experiment=_STREAMS,
        contrast=Difference(metric="never", arm="datagrams", reference="streams"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="handshakes",
        statement="a session for each of eight flows takes at least four times the bytes to set "
        "up that one session with eight streams takes",
        question="How many times the bytes do eight sessions take to set up, against one?",
        role=Role.MECHANISM,
        experiment=_STREAMS,
        contrast=Ratio(metric="setup_bytes", arm="sessions", reference="streams"),
        criterion=AtLeast(_HANDSHAKE_BYTES),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="sessions",
        statement="with a session of its own for every flow, no other flow waits: connections do "
        "what streams do",
        question="A session for every flow: how many percent of the other flows' messages wait?",
        role=Role.RIVAL,
        experiment=_STREAMS,
        contrast=Value(metric="others_waiting_percent", arm="sessions"),
        criterion=AtMost(_NONE_PERCENT),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="websockets",
        statement="with a WebSocket of its own for every flow, no other flow waits: an older "
        "transport does it too",
        question="A WebSocket for every flow: how many percent of the other flows' messages wait?",
        role=Role.RIVAL,
        experiment=_WEBSOCKET,
        contrast=Value(metric="others_waiting_percent", arm="websockets"),
        criterion=AtMost(_NONE_PERCENT),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="remedy",
        statement="moving each flow from one shared stream to its own takes the other flows' "
        "messages that wait from all to none",
        question="Own streams minus one shared: percent of the other flows' messages that wait?",
        role=Role.REMEDY,
        experiment=_STREAMS,
        contrast=Difference(metric="others_waiting_percent", arm="streams", reference="one-stream"),
        criterion=AtMost(_NONE_PERCENT - _ALL_PERCENT),
        inference=Inference.EXACT,
    ),
)
