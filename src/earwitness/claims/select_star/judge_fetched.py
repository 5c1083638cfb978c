"""What statements that fetch all columns mean: one finding for each table whose bytes are known.

Pure, and repeatable on saved evidence. That they fetch is certain; whether a client needs what it
fetches a server does not show, so nothing is called wasted, and nothing is worse than ``low``.
"""

from collections.abc import Iterator, Sequence

from earwitness.check.finding import Finding, Location, Severity
from earwitness.check.wording import count
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
        if one.bytes and not one.inline:
            by_table.setdefault(one.relations, []).append(place)
    ranked = sorted(by_table.values(), key=lambda places: -_bytes(seen, places))[:_MOST]
    told = {place for places in ranked for place in places}
    others = [place for place in range(len(seen.statements)) if place not in told]
    return (*(_of_table(places, seen) for places in ranked), *_others(others, seen))


def _bytes(seen: StoredRows, places: Sequence[int]) -> int:
    return sum((seen.statements or ())[place].bytes or 0 for place in places)


def _of_table(places: Sequence[int], seen: StoredRows) -> Finding:
    statements = [(seen.statements or ())[place] for place in places]
    names = ", ".join(statements[0].relations)
    fetched = _bytes(seen, places)
    return Finding(
        id=f"{CLAIM}/fetched",
        claim=CLAIM,
        severity=Severity.LOW,
        title="Statements that are sent fetch all columns of wide rows",
        statement=(
            f"{count(len(statements), 'statement')} on {names} gave "
            f"{sum(one.rows for one in statements):,} rows with all columns, about {fetched:,} stored "
            f"bytes{_rate(fetched, seen)}. Values out of line are counted; the rows are taken as wide as the mean "
            f"one, and compressed ones grow when they are sent. Whether clients need all of it a "
            f"server does not show.{_sent(statements, seen)} {_in_words(statements)}"
        ),
        fix=f"Name the columns that are needed of {names}, and leave long ones out until they are.",
        location=Location(kind="table", name=statements[0].relations[0]),
        evidence=tuple(f"/statements/{place}" for place in places),
        statements=_texts(statements),
        learn_more=LEARN_MORE,
    )


def _rate(number: float, seen: StoredRows) -> str:
    if not seen.statements_seconds or seen.statements_seconds <= 0:
        return ""
    return f" in {seen.statements_seconds:,.0f} s: {number / seen.statements_seconds:,.0f} a second"


def _sent(statements: Sequence[StarStatement], seen: StoredRows) -> str:
    """Bytes on the wire by measured widths, of those statements for which they can be told."""
    measured = seen.measured or ()
    told = [
        one.rows * width
        for one in statements
        if (width := measured_words.width_of(one, measured)) is not None
    ]
    if not told:
        return ""
    return (
        f" By the mean width of the rows that were measured, {sum(told):,.0f} bytes went to clients "
        f"as text{_rate(sum(told), seen)}."
    )


def _others(places: Sequence[int], seen: StoredRows) -> Iterator[Finding]:
    """Stars on rows that lie in one place; or, said so that it is not silence, no star at all."""
    if not seen.statements:
        yield _none()
    elif places:
        statements = [seen.statements[place] for place in places]
        rows = sum(one.rows for one in statements)
        fetched = _bytes(seen, places)
        at_least = (
            f", at least about {fetched:,} stored bytes{_rate(fetched, seen)}" if fetched else ""
        )
        yield Finding(
            id=f"{CLAIM}/stars",
            claim=CLAIM,
            severity=Severity.INFO,
            title="Statements that are sent fetch all columns",
            statement=(
                f"{count(len(statements), 'further statement')} fetched all columns, of tables "
                f"without values out of line, of views, or of relations whose rows are not known: {rows:,} "
                f"rows{at_least}.{_sent(statements, seen)} {_in_words(statements)}"
            ),
            fix="Name the columns: then a new one changes nothing.",
            evidence=tuple(f"/statements/{place}" for place in places),
            statements=_texts(statements),
            learn_more=LEARN_MORE,
        )


def _none() -> Finding:
    return Finding(
        id=f"{CLAIM}/no-stars",
        claim=CLAIM,
        severity=Severity.INFO,
        title="No statement that was seen fetches all columns",
        statement="No statement that was counted and understood fetches all columns of a table.",
        fix="Nothing to do.",
        evidence=("/statements",),
        learn_more=LEARN_MORE,
    )


def _texts(statements: Sequence[StarStatement]) -> tuple[str, ...]:
    """Their texts, those with most rows first, each once."""
    ranked = sorted(statements, key=lambda one: -one.rows)
    return tuple(dict.fromkeys(one.text for one in ranked))


def _in_words(statements: Sequence[StarStatement]) -> str:
    """Which, those with most rows first."""
    ranked = sorted(statements, key=lambda one: -one.rows)
    said = "; ".join(
        f"{one.queryid} ({count(one.calls, 'call')}): {one.text}" for one in ranked[:_NAMED]
    )
    more = f"; and {len(ranked) - _NAMED:,} more" if len(ranked) > _NAMED else ""
    return f"By query id: {said}{more}."
