"""What the evidence of stored rows means: at most one finding for each table, and two summaries.

Pure, and repeatable on saved evidence. The catalog shows what a row holds, not whether anybody asks
for all of it, nor whether what is fetched is needed; so a table is ``low`` at most, and every
statement says what a SELECT * would fetch.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from earwitness.check.finding import Finding, Location, Severity
from earwitness.check.wording import count
from earwitness.claims.select_star import judge_fetched, measured_words
from earwitness.claims.select_star.evidence import StoredRows, StoredTable

CLAIM = "select-star"
LEARN_MORE = "https://www.postgresql.org/docs/current/storage-toast.html"

LEAST_OUT_OF_LINE = 2000
"""Bytes of a mean row: about one piece of those that TOAST cuts values into (1996 bytes)."""
LEAST_ROWS = 1000
"""Fewer are a table that is read as a whole in a few milliseconds."""
MOST_NAMED = 20
"""Tables with a finding of their own; the others are summed up."""

_TITLES: Mapping[str, str] = {
    "out-of-line": "Rows keep most bytes out of line",
    "more": "Further tables have rows with values out of line",
    "inline": "Rows are stored in one place",
    "none": "There are no rows that the catalog knows of",
    "unknown": "The catalog does not know how many rows some tables have",
    "measured": "How wide the rows of these tables are when they are sent whole",
}


def judge(evidence: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Findings for the evidence, as JSON has it. msgspec.ValidationError when it is none."""
    seen = msgspec.convert(evidence, StoredRows)
    named = [place for place, table in enumerate(seen.tables) if is_wide(table)][:MOST_NAMED]
    findings = [_of_table(seen, place) for place in named]
    summaries = (
        *_rest(seen, len(findings)),
        *_unknown(seen),
        *_measured(seen),
        *judge_fetched.findings(seen),
    )
    return (*(findings or [_nothing_wide(seen)]), *summaries)


def is_wide(table: StoredTable) -> bool:
    """Whether a mean row has at least a whole piece out of line, and there are rows enough."""
    return table.out_of_line_per_row >= LEAST_OUT_OF_LINE and table.rows >= LEAST_ROWS


def _of_table(seen: StoredRows, place: int) -> Finding:
    table = seen.tables[place]
    return Finding(
        id=f"{CLAIM}/out-of-line",
        claim=CLAIM,
        severity=Severity.LOW,
        title=_TITLES["out-of-line"],
        statement=(
            f"A SELECT * on {table.relation} fetches about {table.bytes_per_row:,} stored bytes for "
            f"each row, of which {table.out_of_line_per_row:,} are out of line: each such value is "
            f"looked up in an index of its own and, where it is compressed, unpacked before it is "
            f"sent.{_planned(table)}{_sent(table, seen)} It costs nothing until somebody asks for these columns, and "
            "whether anybody does, and needs them, the catalog does not show."
        ),
        fix=(
            f"Name the columns in queries on {table.relation} and leave long ones out until they "
            "are shown. EXPLAIN (ANALYZE, BUFFERS, SERIALIZE), from PostgreSQL 17 on, shows what "
            "they cost; without SERIALIZE they are never read."
        ),
        location=Location(kind="table", name=table.relation),
        evidence=(f"/tables/{place}",),
        learn_more=LEARN_MORE,
    )


def _planned(table: StoredTable) -> str:
    """What EXPLAIN would make one believe."""
    if table.planned_bytes_per_row is None:
        return ""
    return (
        f" The width in a plan says {table.planned_bytes_per_row:,}: there, a value out of line is "
        "a pointer."
    )


def _sent(table: StoredTable, seen: StoredRows) -> str:
    """What was measured of it, when somebody asked."""
    for one in seen.measured or ():
        if one.relation == table.relation:
            return f" Sent whole as text, a mean row is {measured_words.width(one)}."
    return ""


def _measured(seen: StoredRows) -> Iterator[Finding]:
    """All widths that were measured; those of narrow tables have no other finding."""
    if seen.measured:
        said = ". ".join(f"{one.relation}: {measured_words.width(one)}" for one in seen.measured)
        yield _summary(
            "measured",
            f"Bytes of one row with all columns on the wire, as text, values out of line and "
            f"unpacked. {said}.",
            "Leave wide columns out of queries that do not show them.",
            "/measured",
        )


def _rest(seen: StoredRows, named: int) -> Iterator[Finding]:
    """Tables that have something out of line and no finding of their own, where others have."""
    others = seen.with_out_of_line - named
    if named and others:
        yield _summary(
            "more",
            f"{count(others, 'further table')} of {seen.known:,} with rows "
            f"{'has' if others == 1 else 'have'} values out of line: fewer bytes in all, less than "
            f"{LEAST_OUT_OF_LINE:,} for each row, or fewer than {LEAST_ROWS:,} rows.",
            "Nothing to do for small ones; look at the others in the saved evidence.",
        )


def _nothing_wide(seen: StoredRows) -> Finding:
    """Said so that "looked and found nothing" is not silence."""
    if not seen.known:
        return _summary("none", "No table has rows that the catalog knows of.", "Nothing to do.")
    statement = (
        f"None of {count(seen.known, 'table')} with rows has {LEAST_OUT_OF_LINE:,} bytes out of "
        f"line for each of at least {LEAST_ROWS:,} rows."
    )
    if seen.tables:
        most = max(seen.tables, key=lambda table: table.out_of_line_per_row)
        statement += (
            f" The most has {most.relation}: {most.out_of_line_per_row:,} of "
            f"{most.bytes_per_row:,} bytes for each of its {count(most.rows, 'row')}."
        )
    return _summary("inline", statement, "Nothing to do.")


def _unknown(seen: StoredRows) -> Iterator[Finding]:
    """Not seen is not the same as nothing there."""
    if seen.unknown:
        yield _summary(
            "unknown",
            f"{count(seen.unknown, 'table')} with something in them {'was' if seen.unknown == 1 else 'were'} not looked at in full: "
            "nothing has counted their rows yet, or the rows of some of their partitions.",
            "ANALYZE them, or let autovacuum do so, and check again.",
            "/unknown",
        )


def _summary(sort: str, statement: str, fix: str, evidence: str = "/tables") -> Finding:
    return Finding(
        id=f"{CLAIM}/{sort}",
        claim=CLAIM,
        severity=Severity.INFO,
        title=_TITLES[sort],
        statement=statement,
        fix=fix,
        evidence=(evidence,),
        learn_more=LEARN_MORE,
    )
