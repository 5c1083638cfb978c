"""Findings from saved evidence of stored rows: pure, bounded, and never worse than low."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.check.finding import Severity
from earwitness.check.target import NotSeen
from earwitness.claims.select_star import probe, stored
from earwitness.claims.select_star.evidence import StoredRows, StoredTable
from earwitness.claims.select_star.judge import MOST_NAMED, is_wide, judge


def table(
    out_of_line: int, name: str = "public.people", rows: int = 5000, planned: int | None = 120
) -> StoredTable:
    return StoredTable(
        relation=name,
        rows=rows,
        bytes_per_row=700 + out_of_line,
        out_of_line_per_row=out_of_line,
        planned_bytes_per_row=planned,
    )


def evidence(
    *tables: StoredTable, known: int = 9, more: int = 0, unknown: int = 0
) -> dict[str, Any]:
    seen = StoredRows(
        sizes="files",
        tables=tables,
        with_out_of_line=len(tables) + more,
        known=known,
        unknown=unknown,
    )
    built: dict[str, Any] = msgspec.to_builtins(seen)
    return built


def test_a_wide_table_is_a_cost_and_says_its_bytes() -> None:
    (found,) = judge(evidence(table(9_300)))
    assert (found.id, found.severity) == ("select-star/out-of-line", Severity.LOW)
    assert "10,000 stored bytes" in found.statement
    assert "9,300 are out of line" in found.statement
    assert "plan says 120" in found.statement
    assert "does not show" in found.statement
    assert found.location is not None
    assert found.location.name == "public.people"


def test_a_width_that_was_not_seen_is_not_made_up() -> None:
    (found,) = judge(evidence(table(9_300, planned=None)))
    assert "plan says" not in found.statement


@pytest.mark.parametrize(
    ("out_of_line", "rows", "wide"),
    [(2000, 1000, True), (1999, 1000, False), (2000, 999, False), (0, 10**6, False)],
)
def test_how_much_is_wide(out_of_line: int, rows: int, wide: bool) -> None:
    one = table(out_of_line, rows=rows)
    assert is_wide(one) is wide
    (found,) = judge(evidence(one))
    assert found.id == f"select-star/{'out-of-line' if wide else 'inline'}"


def test_looking_and_finding_nothing_is_not_silence() -> None:
    (nothing,) = judge(evidence(known=0))
    (inline,) = judge(evidence(table(40)))
    assert (nothing.id, inline.id) == ("select-star/none", "select-star/inline")
    assert "public.people: 40 of 740 bytes" in inline.statement


def test_what_could_not_be_counted_is_said_beside_the_rest() -> None:
    for tables in ((), (table(9_300),)):
        found = judge(evidence(*tables, unknown=2))
        assert found[-1].id == "select-star/unknown"
        assert "2 tables with something in them were" in found[-1].statement
        assert len(found) == 2


def test_further_tables_are_counted() -> None:
    wide = [table(9_300, name=f"public.t{n}") for n in range(MOST_NAMED + 5)]
    found = judge(evidence(*wide, more=100, known=300))
    assert [f.id for f in found[:-1]] == ["select-star/out-of-line"] * MOST_NAMED
    assert found[-1].id == "select-star/more"
    assert "105 further tables of 300" in found[-1].statement


tables = st.builds(
    table,
    out_of_line=st.integers(0, 10**7),
    name=st.text(),
    rows=st.integers(0, 10**9),
    planned=st.none() | st.integers(0, 10**5),
)


@given(st.lists(tables, max_size=30), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_any_evidence_has_few_findings_none_worse_than_low(
    tables: list[StoredTable], known: int, more: int, unknown: int
) -> None:
    seen = evidence(*tables, known=len(tables) + more + known, more=more, unknown=unknown)
    findings = judge(seen)
    assert 1 <= len(findings) <= MOST_NAMED + 2
    assert all(not found.severity.at_least(Severity.MEDIUM) for found in findings)
    places = [n for n, one in enumerate(tables) if is_wide(one)][:MOST_NAMED]
    wide = [found for found in findings if found.severity is Severity.LOW]
    assert [found.evidence for found in wide] == [(f"/tables/{place}",) for place in places]
    assert judge(json.loads(json.dumps(seen))) == findings


def test_older_evidence_without_a_planned_width_is_judged() -> None:
    seen = evidence(table(9_300))
    del seen["tables"][0]["planned_bytes_per_row"]
    assert len(judge(seen)) == 1


def test_what_is_no_evidence_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        judge({"tables": "many"})


# What the probe makes of answers.


class Server:
    """Answers as a session would; a step without an answer could not be read."""

    def __init__(self, answers: dict[str, list[tuple[Any, ...]]], major: int = 18) -> None:
        self.major = major
        self.asked: list[str] = []
        self._answers = answers

    def announced(self, name: str) -> None:
        """Nobody asked for rows to be read."""

    def read(self, step: Any) -> list[tuple[Any, ...]]:
        self.asked.append(step.name)
        if step.name not in self._answers:
            raise NotSeen("it waited for a lock")
        return self._answers[step.name]


ROW = (7, "public.people", 100.0, 70_000.0, 930_000.0, 1, 4, 2)
WIDTH = (7, 119.6)


def test_bytes_are_divided_by_rows() -> None:
    server = Server({"stored-bytes": [ROW], "planned-widths": [WIDTH]})
    seen = probe.probe(server).evidence
    assert seen.sizes == "files"
    assert (seen.with_out_of_line, seen.known, seen.unknown) == (1, 4, 2)
    # 120 bytes of values and 28 around them lie in the table; what more its pages hold is free
    assert seen.tables == (msgspec.structs.replace(table(9_300, rows=100), bytes_per_row=9_448),)
    assert server.asked == ["stored-bytes", "planned-widths", "statements-extension"]


def test_files_that_cannot_be_asked_are_replaced_by_the_catalog() -> None:
    seen = probe.probe(Server({"stored-pages": [ROW]})).evidence
    assert seen.sizes == "last vacuum"
    assert seen.tables == (table(9_300, rows=100, planned=None),)


def test_nothing_readable_is_not_seen() -> None:
    with pytest.raises(NotSeen, match="lock"):
        probe.probe(Server({}))


def test_a_database_without_tables_and_one_without_long_values() -> None:
    assert probe.probe(Server({"stored-bytes": []})).evidence.known == 0
    server = Server({"stored-bytes": [(7, "public.t", None, None, 0.0, 0, 0, 3)]})
    seen = probe.probe(server).evidence
    assert (seen.tables, seen.unknown) == ((), 3)
    assert server.asked == ["stored-bytes", "statements-extension"]


def test_a_version_that_is_not_known_is_not_guessed() -> None:
    with pytest.raises(NotSeen, match=r"PostgreSQL 13 .* 14"):
        probe.probe(Server({}, major=13))


def test_the_plan_is_what_is_read() -> None:
    assert probe.PLAN[:3] == (stored.FILES, stored.PAGES, stored.WIDTHS)
