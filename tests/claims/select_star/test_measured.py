"""Measured widths: the arithmetic on sums by page, and what is said of it."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.check.finding import Finding, Severity
from earwitness.claims.select_star import measured
from earwitness.claims.select_star.evidence import (
    MeasuredColumn,
    MeasuredTable,
    StarStatement,
    StoredRows,
)
from earwitness.claims.select_star.judge import judge
from earwitness.claims.select_star.measured import Leaf, Sums

Pages = list[list[float]]


def leaf(rows: float = 10, leaves: int = 1, stored: int = 8192) -> Leaf:
    return Leaf(
        relation="shop.docs",
        oid=1,
        schema="shop",
        name="docs",
        rows=rows,
        heap=stored,
        stored=stored,
        readable=True,
        secured=False,
        leaves=leaves,
    )


def sums(pages: Pages) -> Sums:
    """As the server adds up the widths of the rows of some pages."""
    each = [(len(page), sum(page)) for page in pages]
    return Sums(
        pages=len(each),
        rows=sum(n for n, _ in each),
        bytes=sum(b for _, b in each),
        bytes_squared=sum(b * b for _, b in each),
        rows_squared=sum(n * n for n, _ in each),
        rows_by_bytes=sum(n * b for n, b in each),
        columns={"body": sum(b for _, b in each)},
    )


widths = st.lists(st.lists(st.floats(1, 1e6), min_size=1, max_size=5), min_size=1, max_size=20)


@given(widths)
def test_all_rows_give_the_mean_exactly(pages: Pages) -> None:
    rows = [row for page in pages for row in page]
    found = measured.combined([(leaf(rows=len(rows)), sums(pages))], whole=True)
    assert found.exact
    assert found.error is None
    assert found.rows == len(rows)
    assert found.bytes_per_row == pytest.approx(np.mean(rows), abs=0.001)


@given(st.lists(widths, min_size=2, max_size=4))
def test_partitions_weigh_as_many_rows_as_they_have(tables: list[Pages]) -> None:
    parts = [(leaf(leaves=len(tables)), sums(pages)) for pages in tables]
    found = measured.combined(parts, whole=True)
    rows = [row for pages in tables for page in pages for row in page]
    assert found.bytes_per_row == pytest.approx(np.mean(rows), abs=0.001)
    assert (found.partitions, found.partitions_read) == (len(tables), len(tables))


def test_an_interval_between_pages_covers_the_mean() -> None:
    """Rows of a page are alike, so that an interval between rows would be far too narrow."""
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        typical = rng.gamma(4, 250, 4000)  # of a page
        table = [list(mean + rng.normal(0, 20, rng.integers(1, 9))) for mean in typical]
        truth = np.mean([row for page in table for row in page])
        drawn = [table[place] for place in rng.choice(4000, 200, replace=False)]
        share = 200 / 4000
        rows = measured.ROWS_AT_MOST / share
        found = measured.combined([(leaf(rows=rows), sums(drawn))], whole=True)
        assert not found.exact
        assert found.error is not None
        covered += abs(found.bytes_per_row - truth) <= found.error
    assert 0.92 <= covered / 400 <= 0.98


def test_one_page_of_many_has_no_interval() -> None:
    found = measured.combined([(leaf(rows=1e9), sums([[1.0, 2.0]]))], whole=True)
    assert (found.exact, found.error) == (False, None)


@pytest.mark.parametrize(
    ("rows", "stored", "percent"),
    [
        (10, 8192, 100.0),
        (40_000, 8192, 50.0),
        (10, 64 * 1024**2, 50.0),
        (-1, measured.ROWS_AT_MOST * 64 * 4, 25.0),
        (0, 0, 100.0),
    ],
)
def test_no_more_is_read_than_the_budget_allows(rows: float, stored: int, percent: float) -> None:
    assert leaf(rows=rows, stored=stored).percent == pytest.approx(percent)


def test_partitions_that_were_left_out_make_it_an_estimate() -> None:
    found = measured.combined([(leaf(leaves=6), sums([[3.0], [5.0]]))], whole=True)
    assert not found.exact


# What is said.


def told(one: MeasuredTable, *statements: StarStatement) -> dict[str, Finding]:
    seen = StoredRows(
        sizes="files",
        tables=(),
        with_out_of_line=0,
        known=1,
        unknown=0,
        statements=statements,
        measured=(one,),
    )
    built: dict[str, Any] = msgspec.to_builtins(seen)
    return {finding.id: finding for finding in judge(built)}


def docs(**more: Any) -> MeasuredTable:
    columns = (MeasuredColumn(name="body", bytes_per_row=900.0),)
    given = {"relation": "shop.docs", "rows": 50, "exact": True, "share": 1.0, "columns": columns}
    return MeasuredTable(**{**given, "bytes_per_row": 1000.0, **more})


def star(**more: Any) -> StarStatement:
    given = {"queryid": "7", "text": "select * from docs", "calls": 10, "rows": 300, "bytes": 5}
    return StarStatement(**{**given, "relations": ("shop.docs",), "complete": True, **more})


def test_exact_and_estimated_are_told_apart() -> None:
    exact = told(docs())["select-star/measured"]
    assert exact.severity is Severity.INFO
    assert "shop.docs: 1,000 bytes, exactly (all 50 rows)" in exact.statement
    guess = told(docs(exact=False, error=20.0, partitions=9, partitions_read=5))
    said = guess["select-star/measured"].statement
    assert "estimated ± 20 from 50 rows in 5 of 9 partitions" in said
    assert "exactly" not in said


def test_bytes_that_went_to_clients_are_told_where_they_are_known() -> None:
    assert "300,000 bytes went" in told(docs(), star())["select-star/fetched"].statement
    for one in (star(complete=False), star(relations=("shop.docs", "shop.other"))):
        assert "went to clients" not in told(docs(), one)["select-star/fetched"].statement
