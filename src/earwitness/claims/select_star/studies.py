"""All experiments that only a study has, in the order in which they are told, and their charts.

Values only; each experiment stands in ``design`` or ``sending_design``.
"""

from earwitness.claims.select_star.design import FORMATS, WAY, cold, path, storage
from earwitness.claims.select_star.sending_design import (
    decoding,
    decoding_arrow,
    decoding_asyncpg,
    forecast,
    wire,
)
from earwitness.experiment.design import Bars, Chart, Waterfall

STUDIES = (path, storage, cold, forecast, wire, decoding, decoding_asyncpg, decoding_arrow)

STUDY_CHARTS: tuple[Chart, ...] = (
    Waterfall(
        experiment="path",
        metric="spent_ms",
        title="From the page to the Python object, one cause at a time",
        caption="Six steps in the server, then a client on the same machine receives the rows and "
        "makes objects of them.",
        arms=WAY,
    ),
    Bars(
        experiment="path",
        metric="spent_ms",
        title="Text and binary: time up to three places of the way",
        caption="28 columns made ready by the server; all of them made ready; all of them as objects in "
        "the client. Each as text and in binary.",
        arms=FORMATS,
    ),
    Bars(
        experiment="path",
        metric="bytes_out",
        title="Text and binary: bytes of the same rows",
        caption="A text of bytes takes two characters for each; other values are about as long.",
        arms=FORMATS[:4],
    ),
    Bars(
        experiment="storage",
        metric="spent_ms",
        title="One text, stored in four ways: server time",
        caption="The same 6000 characters in every row, and the same bytes on the wire.",
    ),
    Bars(
        experiment="storage",
        metric="pages",
        title="One text, stored in four ways: pages read",
        caption="Out of line, every value is looked up in an index of its own.",
    ),
    Bars(
        experiment="cold",
        metric="server_ms",
        title="Server time, cold and warm",
        caption="Cold: after a restart, with no file of the database in the page cache.",
        logarithmic=True,
    ),
    *(
        Bars(
            experiment="forecast",
            metric=f"wire_{megabits}_ms",
            title=f"Time on a link of {said}, computed",
            caption="Computed from the counted bytes of the rows; no link was emulated.",
            logarithmic=True,
        )
        for megabits, said in ((1000, "1 Gbit/s"), (100, "100 Mbit/s"))
    ),
    Bars(
        experiment="wire",
        metric="receive_ms",
        title="Time until the client has all rows, over wires of several rates",
        caption="Measured: server and client in networks of their own, joined by a wire whose rate "
        "the kernel keeps.",
        logarithmic=True,
    ),
    Bars(
        experiment="decoding",
        metric="client_ms",
        title="Processor time of the client",
        caption="The C library leaves bytes as they came; psycopg makes Python objects.",
        logarithmic=True,
    ),
    *(
        Bars(
            experiment=experiment,
            metric="fetch_ms",
            title=f"Time until the client has all values: {name}",
            caption="The same rows, with psycopg beside it.",
            logarithmic=True,
        )
        for experiment, name in (("decoding-asyncpg", "asyncpg"), ("decoding-arrow", "Arrow"))
    ),
)
