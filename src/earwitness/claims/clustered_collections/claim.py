"""What the episode on clustered collections says, and how it is put to the test.

A value: no I/O, nothing but the vocabulary of experiments. Its hypotheses and experiments are
values too, in ``hypotheses`` and ``design``; the real servers are in ``experiment``.
"""

from earwitness.claims.clustered_collections.design import EXPERIMENTS
from earwitness.claims.clustered_collections.hypotheses import HYPOTHESES
from earwitness.experiment.design import Bars, Boundary, Claim, Remedy, Source, Surprise

_CHARTS = (
    Bars(
        experiment="operations",
        metric="insert_and_find",
        title="B-tree operations to insert a document and find it by _id",
        caption="A plain collection keeps the _id in an index of its own: two trees for one.",
        arms=("plain", "clustered"),
    ),
    Bars(
        experiment="operations",
        metric="find_server_us",
        title="Server time to find a document by _id",
        caption="Half the pages, but not half the time: most of it goes elsewhere.",
    ),
    Bars(
        experiment="operations",
        metric="insert_client_us",
        title="Time of a client to insert a document",
        caption="What a round trip costs weighs more than a second B-tree.",
        logarithmic=True,
    ),
    Bars(
        experiment="operations",
        metric="range_server_us",
        title="Server time for each document of a range of _ids",
        caption="Where documents lie in the order of their _id, none has to be looked up.",
    ),
    Bars(
        experiment="storage",
        metric="stored_bytes",
        title="Bytes on disk for each document",
        caption="Every secondary index of a clustered collection repeats the whole _id.",
    ),
    Bars(
        experiment="small-cache",
        metric="insert_moved",
        title="Bytes between cache and files to insert a document",
        caption="A random _id hits any page of a clustered collection; of a plain one only its "
        "index, which is small enough to stay in the cache.",
    ),
    Bars(
        experiment="sqlite",
        metric="find_pages",
        title="SQLite: pages asked for to find a row by its key",
        caption="One tree in place of two, but a deeper one: its pages hold whole rows.",
        arms=("rowid", "clustered"),
    ),
)

CLAIM = Claim(
    id="clustered-collections",
    title="Clustered collections make reads and writes of MongoDB twice as fast",
    said="A plain collection keeps documents in one B-tree and their _id in another, so each "
    "insert writes two trees and each find by _id searches two. A clustered collection stores the "
    "documents in the order of their _id, in one tree, and should need half the time for both.",
    source=Source(show="backend-engineering-show", episode="clustered-collections"),
    headline="operations",
    hypotheses=HYPOTHESES,
    experiments=EXPERIMENTS,
    boundary=Boundary(
        true_when="B-tree operations are counted, of inserts and of finds by _id without "
        "secondary indexes; in time it comes close where ranges of a rising _id are read.",
        false_when="everything is in memory and documents are found one by one, when they are "
        "updated by _id or asked for with $in, when secondary indexes repeat long _ids, and when "
        "random _ids are inserted into more than the cache holds.",
    ),
    remedy=Remedy(
        text="Cluster collections that are read in ranges of a short, rising _id and have no "
        "secondary index, and leave the others plain. To insert faster, first send "
        "documents in batches. Look at $collStats before and after: its latencyStats are the "
        "server's own times, without those of network and client.",
        hypothesis="ranges",
    ),
    charts=_CHARTS,
    surprises=(
        Surprise(
            hypothesis="two-ids",
            text="Asked for two documents with $in, the clustered collection examined {effect} as "
            "many entries: it read everything, where the plain one looked at two.",
        ),
        Surprise(
            hypothesis="find-time",
            text="Half the B-tree searches, and yet a find in the plain collection took {effect} the "
            "time: in memory the second tree is the cheapest part of a find.",
            verdicts=("refuted",),
        ),
    ),
)
