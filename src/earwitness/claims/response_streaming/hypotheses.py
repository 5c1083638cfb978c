"""The sentences that are held against observations, in the order in which they are told.

Values only, part of ``claim``; the arms and metrics that are named here stand in ``design``.
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
    Within,
)

_ANSWER = "answer"
_HOPS = "hops"
_NODE = "node"
_NGINX = "nginx"
_PACE = "pace"

_THIRD = 1 / 3
"""Of the wait for the first byte: what a reader of the claim would notice without a clock."""
_ABOUT_THE_SAME = Within(0.8, 1.25)
"""A quarter more or less, far below any effect on the first byte."""

HYPOTHESES = (
    Hypothesis(
        id="first-byte",
        statement="a streamed answer's first byte is at the client before the function writes its "
        "last",
        question="Streamed: is the first byte there before the last is written (1) or not (0)?",
        role=Role.CLAIM,
        experiment=_ANSWER,
        contrast=Value(metric="first_before_last", arm="streamed"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="first-byte-time",
        statement="the first byte of a streamed answer takes at most a third of the time of a "
        "buffered one's",
        question="What part of the time of a buffered answer's first byte does a streamed one's "
        "take?",
        role=Role.CLAIM,
        experiment=_PACE,
        contrast=Ratio(metric="first_ms", arm="streamed", reference="buffered"),
        criterion=AtMost(_THIRD),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="buffered",
        statement="the same function's first byte is not there before its last is written when its "
        "URL is in buffered mode",
        question="Buffered: is the first byte there before the last is written (1) or not (0)?",
        role=Role.MECHANISM,
        experiment=_ANSWER,
        contrast=Value(metric="first_before_last", arm="buffered"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="nothing-held",
        statement="of a streamed answer not one byte is held back while the function waits",
        question="How many bytes of a streamed answer are held back while the function waits?",
        role=Role.MECHANISM,
        experiment=_ANSWER,
        contrast=Value(metric="held_bytes", arm="streamed"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="same-answer",
        statement="a streamed answer says byte for byte what the function wrote, as a buffered one "
        "does",
        question="How many bytes of a streamed answer are missing, extra or different?",
        role=Role.MECHANISM,
        experiment=_ANSWER,
        contrast=Value(metric="wrong_bytes", arm="streamed"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="official-python",
        statement="with AWS's own runtime client for Python no byte is there before the last is "
        "written, although the URL is in streaming mode",
        question="AWS's Python client: is the first byte there before the last is written (1) or "
        "not (0)?",
        role=Role.MECHANISM,
        experiment=_ANSWER,
        contrast=Value(metric="first_before_last", arm="official-python"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="node",
        statement="with AWS's own runtime client for Node the first byte is there before the last "
        "is written",
        question="AWS's Node client: is the first byte there before the last is written (1) or not "
        "(0)?",
        role=Role.MECHANISM,
        experiment=_NODE,
        contrast=Value(metric="first_before_last", arm="node-streamed"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="plain",
        statement="a plain HTTP server that writes in chunks does the same without any Lambda",
        question="Plain chunked HTTP: is the first byte there before the last is written (1) or "
        "not (0)?",
        role=Role.RIVAL,
        experiment=_ANSWER,
        contrast=Value(metric="first_before_last", arm="plain"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="filling-client",
        statement="a client that fills a buffer first sees nothing before the last is written",
        question="A client that fills 64 KiB first: is the first byte there before the last is "
        "written (1) or not (0)?",
        role=Role.RIVAL,
        experiment=_ANSWER,
        contrast=Value(metric="first_before_last", arm="filling-client"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="storing-hop",
        statement="behind one proxy that stores before it forwards, a streamed answer's first byte "
        "comes after the function's last",
        question="Behind a storing proxy: is the first byte there before the last is written (1) "
        "or not (0)?",
        role=Role.MECHANISM,
        experiment=_HOPS,
        contrast=Value(metric="first_before_last", arm="http10-store"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="protocol-alone",
        statement="a proxy that speaks HTTP/1.0 to the function holds the first byte back even when "
        "it relays at once",
        question="HTTP/1.0, but relayed at once: is the first byte there before the last is "
        "written (1) or not (0)?",
        role=Role.RIVAL,
        experiment=_HOPS,
        contrast=Value(metric="first_before_last", arm="http10-relay"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="relaying-hop",
        statement="a proxy that speaks HTTP/1.1 and relays at once brings the first byte back "
        "before the last write",
        question="First byte before the last write, yes (1) or no (0): what is a relaying proxy "
        "minus a storing one?",
        role=Role.REMEDY,
        experiment=_HOPS,
        contrast=Difference(
            metric="first_before_last", arm="http11-relay", reference="http11-store"
        ),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="nginx-pages",
        statement="nginx with buffering and HTTP/1.0 to the function holds at least the first "
        "kilobyte back",
        question="How many bytes does nginx with buffering and HTTP/1.0 hold back?",
        role=Role.MECHANISM,
        experiment=_NGINX,
        contrast=Value(metric="held_bytes", arm="nginx-http10"),
        criterion=AtLeast(1024),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="nginx-http11",
        statement="nginx with buffering and HTTP/1.1 to the function holds not one byte back",
        question="How many bytes does nginx with buffering and HTTP/1.1 hold back?",
        role=Role.REMEDY,
        experiment=_NGINX,
        contrast=Value(metric="held_bytes", arm="nginx-http11"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="nginx-unbuffered",
        statement="nginx without buffering holds not one byte back, even with HTTP/1.0 to the "
        "function",
        question="How many bytes does nginx without buffering hold back?",
        role=Role.REMEDY,
        experiment=_NGINX,
        contrast=Value(metric="held_bytes", arm="nginx-unbuffered"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="whole-time",
        statement="the whole answer takes as long streamed as buffered, within a quarter",
        question="How many times as long does a whole streamed answer take as a buffered one?",
        role=Role.MECHANISM,
        experiment=_PACE,
        contrast=Ratio(metric="whole_ms", arm="streamed", reference="buffered"),
        criterion=_ABOUT_THE_SAME,
        inference=Inference.INTERVAL,
    ),
)
