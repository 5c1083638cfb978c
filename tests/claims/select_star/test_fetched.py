"""Stars in what was sent: whose rows they are, how many stored bytes, and what is said of them."""

from typing import Any

import msgspec
import pytest

from earwitness.check.finding import Finding, Severity
from earwitness.check.postgresql_statements import Counted, parsed
from earwitness.claims.select_star.evidence import StarStatement, StoredRows
from earwitness.claims.select_star.fetched import (
    KnownRelation,
    may_fetch_whole,
    of_statement,
    with_bytes,
)
from earwitness.claims.select_star.judge import judge
from earwitness.claims.select_star.star_queries import fetched_whole

KNOWN = {
    (schema, name): KnownRelation(f"{schema}.{name}", is_view=name in ("seen", "pg_stats_of_ours"))
    for schema, name in (
        *(("shop", name) for name in ("docs", "pages", "small", "narrow", "twice", "seen")),
        ("other", "twice"),
        ("shop", "pg_stats_of_ours"),
    )
}
SIZES = {"shop.docs": 9000, "shop.pages": 4000, "shop.twice": 5000}


def star(text: str) -> StarStatement | None:
    counted = Counted(queryid="7", text=text, calls=10, sent=9, rows=100, seconds=1.0)
    tree = parsed(text)
    whole = () if tree is None else fetched_whole(tree, lambda _, __: False)
    found = of_statement(counted, whole, KNOWN)
    return None if found is None else with_bytes(found, SIZES, {"shop.narrow": 40})


@pytest.mark.parametrize(
    ("text", "relations", "fetched"),
    [
        ("select * from docs where id = $1", ("shop.docs",), 900_000),
        ("select d.* from shop.docs d, small", ("shop.docs",), 900_000),
        ("select * from docs left join pages using (id)", ("shop.docs", "shop.pages"), 900_000),
        ("select * from docs join pages using (id)", ("shop.docs", "shop.pages"), 1_300_000),
        ("select d.id, p.* from docs d left join pages p using (id)", ("shop.pages",), None),
        ("select * from docs join small using (id)", ("shop.docs", "shop.small"), 900_000),
        ("select * from docs join seen using (id)", ("shop.docs",), 900_000),
        ("select row_to_json(d) from docs d", ("shop.docs",), 900_000),
        ("select json_agg(d) from docs d", ("shop.docs",), None),
        ("select * from narrow", ("shop.narrow",), 4_000),
        ("select * from docs union all select * from pages", ("shop.docs", "shop.pages"), None),
        ("select * from small", ("shop.small",), None),
        ("select * from other.twice", ("other.twice",), None),
        ("select * from shop.twice", ("shop.twice",), 500_000),
    ],
)
def test_bytes_are_never_more_than_was_fetched(
    text: str, relations: tuple[str, ...], fetched: int | None
) -> None:
    one = star(text)
    assert one is not None
    assert (one.relations, one.bytes) == (relations, fetched)


@pytest.mark.parametrize(
    "text",
    [
        "select count(*) from docs",
        "select * from twice",
        "select * from pg_stats_of_ours",
        "select * from pg_class",
        "select id from docs",
        "select * from from",
    ],
)
def test_what_is_no_star_of_a_known_table(text: str) -> None:
    assert star(text) is None


def test_all_columns_of_a_view_are_told_without_bytes() -> None:
    one = star("select * from seen")
    assert one is not None
    assert (one.relations, one.views, one.bytes, one.complete) == ((), ("shop.seen",), None, False)
    (finding,) = judged(one)
    assert finding.id == "select-star/stars"


def judged(*statements: StarStatement, age: float | None = 100.0) -> tuple[Finding, ...]:
    seen = StoredRows(
        sizes="files",
        tables=(),
        with_out_of_line=0,
        known=1,
        unknown=0,
        statements=statements,
        statements_seconds=age,
    )
    built: dict[str, Any] = msgspec.to_builtins(seen)
    return judge(built)[1:]  # the first is about what is stored


def made(**more: Any) -> StarStatement:
    given = {"queryid": "7", "text": "select * from docs", "calls": 10, "rows": 100}
    return StarStatement(**{**given, "relations": ("shop.docs",), "bytes": 900_000, **more})


def test_a_rate_of_bytes_and_nothing_called_wasted() -> None:
    (finding,) = judged(made(), made(bytes=100_000, rows=5))
    assert (finding.id, finding.severity) == ("select-star/fetched", Severity.LOW)
    assert "1,000,000 stored bytes in 100 s: 10,000 a second" in finding.statement
    assert "waste" not in finding.statement
    assert finding.evidence == ("/statements/0", "/statements/1")
    (ageless,) = judged(made(), age=None)
    assert "a second" not in ageless.statement


def test_stars_without_bytes_are_summed_up_and_none_is_said() -> None:
    assert [one.id for one in judged(made(bytes=None))] == ["select-star/stars"]
    assert [one.id for one in judged()] == ["select-star/no-stars"]
    (narrow,) = judged(made(bytes=4_000, inline=True))
    assert narrow.id == "select-star/stars"
    assert "at least about 4,000 stored bytes in 100 s: 40 a second" in narrow.statement
    assert [one.id for one in judged(made(), made(bytes=None))] == [
        "select-star/fetched",
        "select-star/stars",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "select row_to_json(w) from shop.docs w where id < $1",
        'select "W" from docs as "W"',
        "select json_agg(r) from (select id from docs) r",
        "with r as (select id from docs) select r from r",
        "insert into docs values ($1) returning docs",
    ],
)
def test_a_text_in_which_a_row_may_be_named_is_parsed(text: str) -> None:
    assert may_fetch_whole(text)


def test_most_texts_need_no_parsing() -> None:
    assert not may_fetch_whole("select o.id, o.note from docs o join pages p on p.id = o.id")
