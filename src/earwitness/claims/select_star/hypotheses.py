"""The sentences that are held against measurements, in the order in which they are told.

Values only, part of ``claim``, which has the arms and metrics that are named here. Those about
single causes, which only a study tells apart, are in ``causes`` and come last.

"Slow" has one meaning throughout: a client that asks for every column waits at least three times
as long for its rows as one that names the two columns it needs.
"""

from earwitness.claims.select_star.causes import CAUSES
from earwitness.experiment.design import (
    AtLeast,
    AtMost,
    Difference,
    Hypothesis,
    Inference,
    Ratio,
    Role,
    Share,
    Value,
    Within,
)

_WATERFALL = "waterfall"
_NARROW = "narrow"
_SCHEMA_CHANGE = "schema-change"

_SLOW = 3.0
"""Times as long from which on we call it slow; the same for wide and for narrow rows."""
_MANY = 10.0
"""Times as many pages or bytes: an order of magnitude."""
_SEVERAL = 5.0
"""Times as many pages; the rows of the experiment give more than twice that."""
_TWICE = 2.0
"""Times as long from which on one cause weighs as much as all that was there before it."""
_HALF_PERCENT = 50.0
"""Less than this shown, and what is not seen weighs more than what is."""
_ABOUT_THE_SAME = Within(0.8, 1.25)
"""A quarter more or less: far above a fixed cost of naming columns, far below any effect here."""

HYPOTHESES = (
    Hypothesis(
        id="pages",
        statement="SELECT * of a wide table reads at least ten times as many pages as two columns "
        "that an index holds",
        question="How many times as many pages does SELECT * read as two indexed columns?",
        role=Role.CLAIM,
        experiment=_WATERFALL,
        contrast=Ratio(metric="pages", arm="star", reference="named-index-only"),
        criterion=AtLeast(_MANY),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="wide-time",
        statement="SELECT * of a wide table takes a client at least three times as long as two "
        "columns that an index holds",
        question="How many times as long does SELECT * take as two indexed columns?",
        role=Role.CLAIM,
        experiment=_WATERFALL,
        contrast=Ratio(metric="fetch_ms", arm="star", reference="named-index-only"),
        criterion=AtLeast(_SLOW),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="narrow-time",
        statement="SELECT * of a narrow table takes a client at least three times as long as two "
        "of its columns",
        question="How many times as long does SELECT * of six numbers take as two of them?",
        role=Role.CLAIM,
        experiment=_NARROW,
        contrast=Ratio(metric="fetch_ms", arm="star", reference="named"),
        criterion=AtLeast(_SLOW),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="index-only-lost",
        statement="the index that answers the two named columns alone never answers SELECT *",
        question="Does an index alone answer SELECT *?",
        role=Role.MECHANISM,
        experiment=_WATERFALL,
        contrast=Value(metric="index_only", arm="star"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="heap-pages",
        statement="from the table the same two columns need at least five times as many pages",
        question="How many times as many pages do the same two columns take from the table?",
        role=Role.MECHANISM,
        experiment=_WATERFALL,
        contrast=Ratio(metric="pages", arm="named-heap", reference="named-index-only"),
        criterion=AtLeast(_SEVERAL),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="heap-time",
        statement="from the table the same two columns take the server at least three times as long",
        question="How many times as long do the same two columns take the server from the table?",
        role=Role.MECHANISM,
        experiment=_WATERFALL,
        contrast=Ratio(metric="server_ms", arm="named-heap", reference="named-index-only"),
        criterion=AtLeast(_SLOW),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="toast-pages",
        statement="one long text that is stored out of line multiplies the pages of the query by "
        "ten or more",
        question="By what factor does one long text column multiply the pages?",
        role=Role.MECHANISM,
        experiment=_WATERFALL,
        contrast=Ratio(metric="pages", arm="plus-text", reference="inline"),
        criterion=AtLeast(_MANY),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="toast-time",
        statement="one long text that is stored out of line at least doubles the server's time",
        question="By what factor does one long text column multiply the server's time?",
        role=Role.MECHANISM,
        experiment=_WATERFALL,
        contrast=Ratio(metric="server_ms", arm="plus-text", reference="inline"),
        criterion=AtLeast(_TWICE),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="bytes",
        statement="SELECT * of a wide table sends at least ten times as many bytes as two columns",
        question="How many times as many bytes does SELECT * send as two columns?",
        role=Role.MECHANISM,
        experiment=_WATERFALL,
        contrast=Ratio(metric="bytes_out", arm="star", reference="named-index-only"),
        criterion=AtLeast(_MANY),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="explain-hides",
        statement="plain EXPLAIN ANALYZE shows at most half of the server's time for SELECT *",
        question="How many percent of the server's time for SELECT * does plain EXPLAIN show?",
        role=Role.MECHANISM,
        experiment=_WATERFALL,
        contrast=Value(metric="shown", arm="star"),
        criterion=AtMost(_HALF_PERCENT),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="narrow-pages",
        statement="SELECT * of a narrow table reads no page more than two of its columns",
        question="How many times as many pages does SELECT * of six numbers read as two of them?",
        role=Role.MECHANISM,
        experiment=_NARROW,
        contrast=Ratio(metric="pages", arm="star", reference="named"),
        criterion=AtMost(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="covered-star",
        statement="SELECT * is answered by an index alone where the index holds every column",
        question="SELECT * with every column in an index: index alone (1) or not (0)?",
        role=Role.MECHANISM,
        experiment=_NARROW,
        contrast=Value(metric="index_only", arm="star-covered"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="schema-change",
        statement="a prepared SELECT * fails once a column has been added, and named columns go on",
        question="Of three executions after the change, how many more fail with SELECT *?",
        role=Role.MECHANISM,
        experiment=_SCHEMA_CHANGE,
        contrast=Difference(metric="failures", arm="star", reference="named"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="schema-change-refused",
        statement="what a prepared SELECT * then says is that a cached plan must not change its "
        "result type",
        question="In what share of the trials does the server refuse a prepared SELECT * because "
        "its result type has changed?",
        role=Role.MECHANISM,
        experiment=_SCHEMA_CHANGE,
        contrast=Share(
            metric="after_change", arm="star", equals="cached plan must not change result type"
        ),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="schema-change-named",
        statement="a prepared statement that names its columns gives rows after the change as it "
        "did before",
        question="In what share of the trials does a statement with named columns give rows after "
        "the change?",
        role=Role.REMEDY,
        experiment=_SCHEMA_CHANGE,
        contrast=Share(metric="after_change", arm="named", equals="rows"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="spelled-out",
        statement="naming all thirty columns takes as long as SELECT *, within a quarter: it is "
        "the width and not the star",
        question="How many times as long does SELECT * take as all columns by name?",
        role=Role.RIVAL,
        experiment=_WATERFALL,
        contrast=Ratio(metric="fetch_ms", arm="star", reference="spelled-out"),
        criterion=_ABOUT_THE_SAME,
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="covering-index",
        statement="four named columns in a covering index need at most a tenth of the pages of "
        "SELECT *",
        question="What part of the pages of SELECT * do four columns in a covering index need?",
        role=Role.REMEDY,
        experiment=_WATERFALL,
        contrast=Ratio(metric="pages", arm="covering-index", reference="star"),
        criterion=AtMost(1 / _MANY),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="covering-time",
        statement="four named columns in a covering index take a client at most a third of the "
        "time of SELECT *",
        question="What part of the time of SELECT * do four columns in a covering index take?",
        role=Role.REMEDY,
        experiment=_WATERFALL,
        contrast=Ratio(metric="fetch_ms", arm="covering-index", reference="star"),
        criterion=AtMost(1 / _SLOW),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="named-time",
        statement="naming the 28 columns that are stored in the row takes a client at most a third "
        "of the time of SELECT *, which adds two long ones",
        question="What part of the time of SELECT * do the 28 short columns take by name?",
        role=Role.REMEDY,
        experiment=_WATERFALL,
        contrast=Ratio(metric="fetch_ms", arm="inline", reference="star"),
        criterion=AtMost(1 / _SLOW),
        inference=Inference.INTERVAL,
    ),
    *CAUSES,
)
