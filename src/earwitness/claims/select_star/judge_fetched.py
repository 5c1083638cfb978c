"""What statements that fetch all columns mean: one finding for each table whose bytes are known.

Pure, and repeatable on saved evidence. That they fetch is certain; whether a client needs what it
fetches a server does not show, so nothing is called wasted, and nothing is worse than ``low``.
"""

from collections.abc import Iterator, Sequence

from earwitness.check.finding import Finding, Location, Severity
from earwitness.claims.select_star import measured_words
from earwitness.claims.select_star.evidence import StarStatement, StoredRows

CLAIM = "select-star"
LEARN_MORE = "https://www.postgresql.org/docs/current/storage-toast.html"
_NAMED = 3
_MOST = 20
"""Tables with a finding of their own: those from which most bytes were fetched."""


def findings(seen: StoredRows) -> tuple[Finding, ...]:
    """Findings about statements; none when they were not seen."""
    if seen.statements is None:
        return ()
    by_table: dict[tuple[str, ...], list[int]] = {}
    for place, one in enumerate(seen.statements):
        if one.bytes:
            by_table.setdefault(one.relations, []).append(place)
    ranked = sorted(by_table.items(), key=lambda pair: -_bytes(seen, pair[1]))[:_MOST]
    return (*(_of_table(places, seen) for _, places in ranked), *_others(seen))


def _bytes(seen: StoredRows, places: Sequence[int]) -> int:
    return sum((seen.statements or ())[place].bytes or 0 for place in places)


def _of_table(places: Sequence[int], seen: StoredRows) -> Finding:
    statements = [(seen.statements or ())[place] for place in places]
    names = ", ".join(statements[0].relations)
    fetched = _bytes(seen, places)
    rate = ""
    if seen.statements_seconds:
        rate = f" in {seen.statements_seconds:,.0f} s: {fetched / seen.statements_seconds:,.0f} a second"
    return Finding(
        id=f"{CLAIM}/fetched",
        claim=CLAIM,
        severity=Severity.LOW,
        title="Statements that are sent fetch all columns of wide rows",
        statement=(
            f"{_count(len(statements), 'statement')} on {names} gave "
            f"{sum(one.rows for one in statements):,} rows with all columns, about {fetched:,} stored "
            f"bytes{rate}. Values out of line are counted; the rows are taken as wide as the mean "
            f"one, and compressed ones grow when they are sent. Whether clients need all of it a "
            f"server does not show.{_sent(statements, seen)} {_in_words(statements)}"
        ),
        fix=f"Name the columns that are needed of {names}, and leave long ones out until they are.",
        location=Location(kind="table", name=statements[0].relations[0]),
        evidence=tuple(f"/statements/{place}" for place in places),
        statements=_texts(statements),
        learn_more=LEARN_MORE,
    )


def _sent(statements: Sequence[StarStatement], seen: StoredRows) -> str:
    """Bytes on the wire by measured widths, of those statements for which they can be told."""
    told = [
        one.rows * width
        for one in statements
        if one.complete
        and (width := measured_words.least_width(one.relations, seen.measured or ())) is not None
    ]
    if not told:
        return ""
    return (
        f" By the mean width of the rows that were measured, of several tables the narrowest, "
        f"{sum(told):,.0f} bytes went to clients as text."
    )


def _others(seen: StoredRows) -> Iterator[Finding]:
    """Stars where no bytes are known; or, said so that it is not silence, no star at all."""
    others = [one for one in seen.statements or () if not one.bytes]
    if others or not seen.statements:
        yield Finding(
            id=f"{CLAIM}/stars" if others else f"{CLAIM}/no-stars",
            claim=CLAIM,
            severity=Severity.INFO,
            title=(
                "Statements that are sent fetch all columns"
                if others
                else "No statement that was seen fetches all columns"
            ),
            statement=(
                f"{_count(len(others), 'statement')} fetched all columns where no bytes can be told: "
                "of tables without values out of line, of several relations or of none with rows. "
                f"{_in_words(others)}"
                if others
                else "No statement that was counted and understood fetches all columns of a table."
            ),
            fix="Name the columns: then a new one changes nothing." if others else "Nothing to do.",
            evidence=("/statements",),
            statements=_texts(others),
            learn_more=LEARN_MORE,
        )


def _texts(statements: Sequence[StarStatement]) -> tuple[str, ...]:
    """Their texts, those with most rows first, each once."""
    ranked = sorted(statements, key=lambda one: -one.rows)
    return tuple(dict.fromkeys(one.text for one in ranked))


def _in_words(statements: Sequence[StarStatement]) -> str:
    """Which, those with most rows first."""
    ranked = sorted(statements, key=lambda one: -one.rows)
    said = "; ".join(f"{one.queryid} ({one.calls:,} calls): {one.text}" for one in ranked[:_NAMED])
    more = f"; and {len(ranked) - _NAMED:,} more" if len(ranked) > _NAMED else ""
    return f"By query id: {said}{more}."


def _count(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else one + 's'}"
