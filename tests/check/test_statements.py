"""Statements that a server counted: what is kept of them, and what is understood."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.check import postgresql_statements as statements
from earwitness.check import sql_names
from earwitness.check.plan import Step
from earwitness.check.postgresql_statements import normalised, parsed, read
from earwitness.check.postgresql_texts import grammatical
from earwitness.check.target import NotSeen

values = st.text(st.characters(whitelist_categories=("L", "N")), min_size=0, max_size=12)


@given(values)
def test_no_literal_is_kept(value: str) -> None:
    secret = f"Xk9{value}"
    text = (
        f"select j->'{secret}', e'{secret}', $tag${secret}$tag$, timestamp '{secret}' at time zone "
        f"'{secret}' from t /* {secret} */ where a = '{secret}' and b > 73925 -- {secret}"
    )
    assert parsed(text) is not None
    kept = normalised(text)
    assert "Xk9" not in kept
    assert "73925" not in kept
    assert kept.startswith("select j->?")


def test_parameters_become_what_literals_become() -> None:
    assert normalised("select a$1 from t where b = $2 and c in ($3 /*, ... */)") == (
        "select a$1 from t where b = ? and c in (? )"
    )


def test_a_long_text_is_cut() -> None:
    kept = normalised("select " + ", ".join(f"column_{n}" for n in range(100)) + " from t")
    assert len(kept) == statements.KEPT
    assert kept.endswith("…")


@pytest.mark.parametrize(
    "text",
    [
        "alter role x password 'geheim'",
        "select 1; select 2",
        "select from from",
        "",
        "copy t to 'x'",
    ],
)
def test_what_is_no_single_query_is_not_understood(
    text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert parsed(text) is None
    assert "geheim" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('select 1 from Shop.Orders, "Odd Name" x', [("orders", "shop"), ("Odd Name", "")]),
        ("with t as (select 1 from t) select * from t", [("t", "")]),
        ("with a as (select 1), b as (select 1 from a) select 1 from b", []),
        (
            "with recursive r as (select 1 from s union select 1 from r) select 1 from r",
            [("s", "")],
        ),
        ("with t as (select 1) select 1 from public.t", [("t", "public")]),
        ("select 1 from generate_series(1, 2) t, unnest($1) u", []),
        ("select (select 1 from a) where exists (select 1 from b)", [("a", ""), ("b", "")]),
    ],
)
def test_names_of_relations(text: str, names: list[tuple[str, str]]) -> None:
    tree = parsed(text)
    assert tree is not None
    found = {sql_names.named(place) for place in sql_names.relations(tree)}
    assert found == {sql_names.Named(*name) for name in names}


class Server:
    """Answers by the name of the step, or raises."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    def read(self, step: Step, schema: str = "") -> Any:
        answer = self._answers[step.name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def read_settings(self, step: Step) -> Any:
        return dict(self.read(step))


NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
COUNTED = [
    (1 << 62, "select date $1", 7, 6, 60, 0.5, 2, 9),
    (None, "<insufficient privilege>", 3, 3, 3, 0.1, 5, 9),
]
WHOLE = {
    "statements-extension": [("tools",)],
    "statements-counting": [("compute_query_id", "auto"), ("pg_stat_statements.track", "top")],
    "statements": COUNTED,
    "statements-age": [(NOW - dt.timedelta(hours=1), NOW)],
}


def test_what_is_counted() -> None:
    seen = read(Server(WHOLE))
    (one,) = seen.counted
    assert (one.queryid, one.calls, one.seconds) == (str(1 << 62), 7, 0.5)
    assert (one.sent, one.rows) == (6, 60)
    assert one.text == "select ($1::date)"  # as PostgreSQL itself could parse it
    assert (seen.hidden, seen.left_out, seen.seconds) == (5, 7, 3600.0)


def test_an_extension_without_an_age_is_read() -> None:
    assert read(Server({**WHOLE, "statements-age": NotSeen("no such view")})).seconds is None


def test_counters_that_may_stand_still_are_read() -> None:
    closed = NotSeen("permission denied for view pg_settings")
    assert read(Server({**WHOLE, "statements-counting": closed})).counted


def test_a_missing_extension_names_the_step() -> None:
    with pytest.raises(NotSeen, match="not in this database") as missing:
        read(Server({"statements-extension": []}))
    assert "create extension pg_stat_statements" in missing.value.needs
    loaded = NotSeen("pg_stat_statements must be loaded via shared_preload_libraries")
    with pytest.raises(NotSeen) as unloaded:
        read(Server({**WHOLE, "statements": loaded}))
    assert "a restart" in unloaded.value.needs


def test_a_missing_parser_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sqlglot", None)
    with pytest.raises(NotSeen) as missing:
        parsed("select 1")
    assert "earwitness[check]" in missing.value.needs


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("select a from t where a in ($1,$2,$3)", "select a from t where a in (?, ?, ?)"),
        ("select a from t where (a,b)>($1,$2)", "select a from t where (a,b)>(?, ?)"),
        ("select $1||$2 from t where $3=$4", "select ?|| ? from t where ?= ?"),
        ("select a$1,b$2 from t", "select a$1,b$2 from t"),
        ("select timestamp with time zone $1", "select (?::timestamp with time zone)"),
        ('DECLARE "c 1" NO SCROLL CURSOR WITH HOLD FOR SELECT * FROM t', "SELECT * FROM t"),
        ("declare c cursor for select 'geheim' from t", "select ? from t"),
        ("prepare p (int, text) as select * from t where a = $1", "select * from t where a = ?"),
        ("copy (select * from t where (a)) to stdout (format csv)", "select * from t where (a)"),
    ],
)
def test_texts_are_understood_as_programs_send_them(text: str, kept: str) -> None:
    query = grammatical(text)
    assert parsed(query) is not None
    assert normalised(query) == kept
