"""The sentences about single causes that a study holds against measurements.

Values only, the second half of ``hypotheses``: those of the experiments in ``studies``.
"""

from earwitness.experiment.design import (
    AtLeast,
    AtMost,
    Hypothesis,
    Inference,
    Ratio,
    Role,
    Value,
    Within,
)

_TWICE = 2.0
"""Times as long from which on one cause weighs as much as all that was there before it."""
_HALF = 1 / _TWICE
_HALF_AGAIN = 1.5
"""How much a disk adds is its own affair, and one behind a host's memory adds little."""
_SLOW = 3.0
"""Times as long from which on we call it slow, as in ``hypotheses``."""
_SEVERAL = 5.0
_WITHIN_A_TENTH = Within(0.9, 1.1)
"""A wire also carries headers, up to 5 % of each full packet; at first it lets some bytes through
at once."""
_MANY = 10.0
"""An order of magnitude, as in ``hypotheses``."""
_THREE_QUARTERS = 0.75
_FOUR_FIFTHS = 0.8
"""A text of bytes takes two characters for each; in ``wide`` they are half of a row as text."""
_FORECAST_PERCENT = 2.0


def _ratio(
    id: str,
    contrast: tuple[str, str, str, str],
    criterion: AtLeast | AtMost,
    statement: str,
    question: str,
    *,
    role: Role = Role.MECHANISM,
    exact: bool = False,
) -> Hypothesis:
    """``contrast``: experiment, metric, arm, reference."""
    experiment, metric, arm, reference = contrast
    return Hypothesis(
        id=id,
        statement=statement,
        question=question,
        role=role,
        experiment=experiment,
        contrast=Ratio(metric=metric, arm=arm, reference=reference),
        criterion=criterion,
        inference=Inference.EXACT if exact else Inference.INTERVAL,
    )


PATH = (
    _ratio(
        "deforming",
        ("path", "spent_ms", "deformed", "table-pages"),
        AtLeast(_TWICE),
        "finding the last of 28 columns in a row, and not the second, at least doubles the "
        "server's time",
        "How many times as long does the last column of a row take as the second?",
        role=Role.RIVAL,
    ),
    _ratio(
        "output",
        ("path", "spent_ms", "put-out", "deformed"),
        AtLeast(_TWICE),
        "writing 28 columns as text, and not two, at least doubles the server's time",
        "How many times as long does the server take with 28 columns written as with two?",
    ),
    _ratio(
        "binary-output",
        ("path", "spent_ms", "put-out-binary", "put-out"),
        AtMost(_HALF),
        "the binary format takes the server at most half of the time of text, for columns that "
        "are stored in the row",
        "What part of the server's time of text does the binary format take?",
        role=Role.RIVAL,
    ),
    _ratio(
        "binary-bytes",
        ("path", "bytes_out", "everything-binary", "everything"),
        AtMost(_FOUR_FIFTHS),
        "SELECT * sends at most four fifths of the bytes in the binary format, where half a row is "
        "bytes that text writes as two characters each",
        "What part of the bytes of text does the binary format send?",
        exact=True,
    ),
    _ratio(
        "client-side",
        ("path", "spent_ms", "decoded", "everything"),
        AtLeast(_TWICE),
        "a client on the same machine waits for the values of SELECT * at least twice as long as "
        "the server takes to make the rows ready",
        "How many times as long as the server takes does the client wait?",
    ),
)

STORAGE = (
    _ratio(
        "moved-pages",
        ("storage", "pages", "moved", "in-row"),
        AtLeast(_TWICE),
        "the same text takes at least twice as many pages out of line as in a row that fills a "
        "page by itself",
        "How many times as many pages does a text take out of line as in the row?",
        exact=True,
    ),
    _ratio(
        "moved-time",
        ("storage", "spent_ms", "moved", "in-row"),
        AtLeast(_TWICE),
        "collecting the same text from out of line at least doubles the server's time",
        "How many times as long does a text take from out of line as from the row?",
    ),
    _ratio(
        "unpacking",
        ("storage", "spent_ms", "in-row-compressed", "in-row"),
        AtLeast(_TWICE),
        "unpacking the same text, with a quarter of the pages, at least doubles the server's time",
        "How many times as long does a compressed text take as one stored as it is?",
    ),
    _ratio(
        "sent-unpacked",
        ("storage", "bytes_out", "in-row-compressed", "in-row"),
        AtLeast(1),
        "a text that is stored compressed is sent unpacked: not a byte less than one that is not",
        "What part of the bytes are sent of a text that is stored compressed?",
        exact=True,
    ),
)

COLD = (
    _ratio(
        "cold-pages",
        ("cold", "pages_from_disk", "everything-cold", "index-alone-cold"),
        AtLeast(_MANY),
        "cold, SELECT * has to fetch at least ten times as many pages from outside of shared "
        "buffers as two columns that an index holds",
        "How many times as many pages does a cold SELECT * fetch as two indexed columns?",
        exact=True,
    ),
    _ratio(
        "cold-time",
        ("cold", "server_ms", "everything-cold", "index-alone-cold"),
        AtLeast(_SLOW),
        "cold, SELECT * takes the server at least three times as long as two columns that an "
        "index holds",
        "How many times as long does a cold SELECT * take as two indexed columns?",
    ),
    _ratio(
        "cold-heap",
        ("cold", "server_ms", "table-pages-cold", "index-alone-cold"),
        AtLeast(_SLOW),
        "cold, the same two columns take the server at least three times as long from the table as "
        "from the index alone",
        "How many times as long do two columns take from a cold table as from a cold index?",
    ),
    _ratio(
        "cold-star",
        ("cold", "server_ms", "everything-cold", "everything-warm"),
        AtLeast(_HALF_AGAIN),
        "SELECT * takes the server at least half as long again cold as warm",
        "How many times as long does SELECT * take cold as warm?",
    ),
)

FORECAST = (
    Hypothesis(
        id="forecast",
        statement="the bytes of SELECT *, forecast from a sample of the table before it is sent, "
        "are within 2 % of those that are sent",
        question="By how many percent does a forecast of the bytes of SELECT * err?",
        role=Role.MECHANISM,
        experiment="forecast",
        contrast=Value(metric="forecast_error", arm="star"),
        criterion=AtMost(_FORECAST_PERCENT),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="wire-time",
        statement="on a link of 100 Mbit/s the rows of SELECT * would take, as computed from the "
        "counted bytes, at least ten times as long as the server takes to make them ready",
        question="How many times as long as the server would the rows of SELECT * occupy a link of "
        "100 Mbit/s?",
        role=Role.MECHANISM,
        experiment="forecast",
        contrast=Value(metric="wire_to_server", arm="star"),
        criterion=AtLeast(_MANY),
        inference=Inference.INTERVAL,
    ),
)

WIRE = (
    _ratio(
        "wire-star",
        ("wire", "receive_ms", "star-100", "star-unlimited"),
        AtLeast(_SEVERAL),
        "over a wire of 100 Mbit/s SELECT * takes a client at least five times as long as over one "
        "without a limit",
        "How many times as long does SELECT * take over 100 Mbit/s as without a limit?",
    ),
    _ratio(
        "wire-named",
        ("wire", "receive_ms", "named-100", "named-unlimited"),
        AtMost(_TWICE),
        "over the same wire two columns take at most twice as long as without a limit",
        "How many times as long do two columns take over 100 Mbit/s as without a limit?",
    ),
    _ratio(
        "wire-remedy",
        ("wire", "receive_ms", "inline-100", "star-100"),
        AtMost(1 / _MANY),
        "over 100 Mbit/s, naming the 28 columns that are stored in the row takes at most a tenth "
        "of the time of SELECT *",
        "What part of the time of SELECT * do 28 short columns take over 100 Mbit/s?",
        role=Role.REMEDY,
    ),
    Hypothesis(
        id="wire-computed",
        statement="over 100 Mbit/s SELECT * takes as long as its bytes at that rate, within a "
        "tenth: what is computed for a link may be believed",
        question="How many times as long as computed from its bytes does SELECT * take over "
        "100 Mbit/s?",
        role=Role.MECHANISM,
        experiment="wire",
        contrast=Value(metric="over_computed", arm="star-100"),
        criterion=_WITHIN_A_TENTH,
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="wire-forecast",
        statement="the bytes that TCP delivers for SELECT * are within 2 % of those forecast from "
        "a sample of the table",
        question="By how many percent does the forecast err from what TCP delivers?",
        role=Role.MECHANISM,
        experiment="wire",
        contrast=Value(metric="forecast_error", arm="star-100"),
        criterion=AtMost(_FORECAST_PERCENT),
        inference=Inference.EXACT,
    ),
)


def _client(id: str, name: str) -> tuple[Hypothesis, ...]:
    """Whether another client is quicker, and whether the width is still felt with it."""
    experiment = f"decoding-{id}"
    return (
        _ratio(
            id,
            (experiment, "fetch_ms", f"{id}-inline", "psycopg-binary-inline"),
            AtMost(_THREE_QUARTERS),
            f"with {name} 28 columns take at most three quarters of the time that they take psycopg",
            f"What part of psycopg's time does {name} take for 28 columns?",
        ),
        _ratio(
            f"{id}-width",
            (experiment, "fetch_ms", f"{id}-star", f"{id}-named"),
            AtLeast(_MANY),
            f"with {name} too, SELECT * takes at least ten times as long as two columns",
            f"With {name}, how many times as long does SELECT * take as two columns?",
        ),
    )


CLIENTS = (
    _ratio(
        "objects",
        ("decoding", "client_ms", "psycopg-text-inline", "libpq-inline"),
        AtLeast(_TWICE),
        "making Python objects of 28 columns at least doubles the client's processor time over "
        "receiving them",
        "How many times the processor time of receiving does it take to make objects?",
    ),
    _ratio(
        "binary-client",
        ("decoding", "client_ms", "psycopg-binary-inline", "psycopg-text-inline"),
        AtMost(_HALF),
        "the binary format takes the client at most half of the processor time of text, for "
        "columns that are mostly text",
        "What part of the client's processor time of text does the binary format take?",
        role=Role.RIVAL,
    ),
    *_client("asyncpg", "asyncpg"),
    *_client("arrow", "Arrow"),
)

CAUSES = (*PATH, *STORAGE, *COLD, *FORECAST, *WIRE, *CLIENTS)
