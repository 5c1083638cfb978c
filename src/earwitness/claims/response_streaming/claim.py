"""What the episode on Lambda's response streaming says, and how it is put to the test.

A value: no I/O, nothing but the vocabulary of experiments. Its hypotheses and experiments are
values too, in ``hypotheses`` and ``design``; the real servers are in ``experiment``.
"""

from earwitness.claims.response_streaming.design import EXPERIMENTS
from earwitness.claims.response_streaming.hypotheses import HYPOTHESES
from earwitness.experiment.design import (
    Bars,
    Boundary,
    Claim,
    Remedy,
    Source,
    Surprise,
)

CLAIM = Claim(
    id="response-streaming",
    title="Lambda response streaming brings the first byte before the function has ended",
    said="A Lambda function used to hand over its answer in one piece, so that clients waited for "
    "all of it. With response streaming it sends the answer piece by piece, and a client can begin "
    "with the first while the function still works on the rest.",
    source=Source(show="backend-engineering-show", episode="lambda-streaming"),
    headline="first-byte",
    hypotheses=HYPOTHESES,
    experiments=EXPERIMENTS,
    boundary=Boundary(
        true_when="the runtime client streams, the function is invoked in streaming mode, and "
        "everything between it and the reader passes on what it has; measured on a local host that "
        "speaks Lambda's documented interfaces, not at AWS.",
        false_when="one link collects: a runtime client that takes one value, a URL in buffered "
        "mode, a proxy that stores or fills pages, or a client that fills a buffer before it looks.",
    ),
    remedy=Remedy(
        text="Make every hop relay: HTTP/1.1 to the function and no buffering for this route "
        "(for nginx proxy_http_version 1.1 or proxy_buffering off), and read as the bytes come. "
        "Test it with an answer that waits for its reader, not with a stopwatch.",
        hypothesis="relaying-hop",
    ),
    charts=(
        Bars(
            experiment="answer",
            metric="written_at_first",
            title="What the function had written when the client saw the first byte",
            caption="The whole answer is 16384 bytes in three writes; 1024 is the first.",
            logarithmic=True,
        ),
        Bars(
            experiment="hops",
            metric="written_at_first",
            title="The same behind a proxy",
            caption="The Function URL streams in every one of these.",
            logarithmic=True,
        ),
        Bars(
            experiment="nginx",
            metric="held_bytes",
            title="Most bytes that nginx held back",
            caption="What was written and had not reached the client, patience at its end.",
        ),
        Bars(
            experiment="pace",
            metric="first_ms",
            title="Until the first byte",
            caption="Ten writes, 50 ms apart.",
        ),
        Bars(
            experiment="pace",
            metric="whole_ms",
            title="Until the whole answer",
            caption="Streaming changes when an answer begins, not when it ends.",
        ),
    ),
    surprises=(
        Surprise(
            hypothesis="official-python",
            text="The URL streamed, the function wrote in pieces, and still nothing came early: "
            "AWS's runtime client for Python hands over one value.",
        ),
        Surprise(
            hypothesis="protocol-alone",
            text="HTTP/1.0 gets the blame, but a proxy that spoke it and relayed at once held "
            "nothing back. What holds an answer back is a buffer that waits to be full.",
            verdicts=("refuted",),
        ),
        Surprise(
            hypothesis="nginx-http11",
            text="nginx streamed with its buffering still on: HTTP/1.1 to the function was enough.",
        ),
    ),
)
