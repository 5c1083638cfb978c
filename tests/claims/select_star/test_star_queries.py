"""Which relations a text fetches whole, and what is no alarm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.check.postgresql_statements import parsed
from earwitness.claims.select_star.star_queries import (
    Fetched,
    fetched_whole,
    may_be_rows,
)

FETCHED = {
    "select * from t": ["t"],
    "select t.*, u.a from s.t, u": ["s.t"],
    "select * from t join u using (id)": ["t", "u"],
    'select * from only "Odd"': ["Odd"],
    "select * from T as q": ["t"],
    "select distinct on (a) * from t order by a limit $1 for update": ["t"],
    "select count(*) over (), * from t": ["t"],
    "with c as (select * from t) select * from c": ["t"],
    "with t as (select * from t) select * from t": ["t"],
    "with a as (select * from b), b as (select x from c) select * from a": ["b"],
    "with recursive r as (select * from t union all select t.* from t join r on true) select * from r": [
        "t"
    ],
    "select x.* from (select * from s.t) x join u on true": ["s.t"],
    "select * from t, lateral (select * from u where u.id = t.id) l": ["t", "u"],
    "select * from (t join u on true)": ["t", "u"],
    "select a, b from t union all select * from u": ["u"],
    "(select * from t) limit 1": ["t"],
    "select row_to_json(o.*) from orders o": ["orders"],
    "insert into t values ($1) returning *": ["t"],
    "update t set a = $1 from u where u.id = t.id returning u.*": ["u"],
    "delete from t returning *": ["t"],
    "with gone as (delete from t returning *) select * from gone": ["t"],
    "select o from orders o": ["orders"],
    "select (o).* from orders o": ["orders"],
    "select orders from orders": ["orders"],
    "select row_to_json(o) from orders o": ["orders"],
    "select coalesce(json_agg(r), $1) from (select s.orders.* from s.orders limit $2) r": [
        "s.orders"
    ],
    "select json_agg(o order by o.id) from orders o": ["orders"],
    "select jsonb_agg(r) filter (where r.a) from (select * from orders) r": ["orders"],
    "select c.id, array(select o from orders o where o.c = c.id) from c": ["orders"],
    "select c.id, (select json_agg(o.*) from orders o) from c": ["orders"],
    "select to_jsonb(o) || $1 from orders o": ["orders"],
    "select o.*::text from orders o": ["orders"],
}
FINE = [
    "select count(*) from t",
    "select count(o.*) from orders o",
    "select a from t where exists (select * from u)",
    "select exists (select * from t)",
    "select a from t where id in (select * from u)",
    "with c as (select a, b from t) select * from c",
    "with c as (select * from t) select a from c",
    "with c as (select * from t) select count(*) from c",
    "select a from (select * from t) x",
    "select * from generate_series($1, $2)",
    "select * from (values ($1)) v",
    "select * from unnest($1::int[]) u (a)",
    "select a * b from t",
    "insert into a select * from b",
    "update t set a = $1",
    "select md5(o.*::text) from orders o",
    "select md5(o::text) from orders o",
    "select o.* is not null from orders o",
    "select count(o) from orders o",
    "select count(*) filter (where o.* is not null) from orders o",
    "select pg_column_size(o.*) from orders o",
    "select to_jsonb(o.*) -> $1 from orders o",
    "select ours(o.*) from orders o",
    "select case when o.* is null then $1 end from orders o",
    "select * into a from b",
    "select x from generate_series($1, $2) x",
    "select x from (select a as x from t) x",
    "select r from (select a, b from t) r",
]


@pytest.mark.parametrize(("text", "names"), FETCHED.items())
def test_all_columns_are_fetched(text: str, names: list[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize("text", FINE)
def test_no_false_alarm(text: str) -> None:
    assert found(text) == []


def test_the_name_of_a_column_is_no_row() -> None:
    assert found("select o from orders o", "o") == []
    assert found("select row_to_json(r) from (select * from orders) r", "r") == []
    tree = parsed("select o, r.a from orders o, (select * from u) r")
    assert tree is not None
    assert may_be_rows(tree) == {"o"}
    assert fetched_whole(tree) == ()  # without a catalog nothing is guessed


def certain(text: str) -> list[str]:
    return [one.relation.name for one in fetched(text) if one.in_every_row]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("select * from a join b using (id)", ["a", "b"]),
        ("select * from a left join b using (id)", ["a"]),
        ("select * from a right join b using (id)", ["b"]),
        ("select * from a full join b using (id)", []),
        ("select a.id, b.* from a left join b using (id)", []),
        ("select * from a left join lateral (select * from b) x on true", ["a"]),
        ("select * from a union all select * from a", []),
        ("select json_agg(a) from a", []),
        ("select row_to_json(a) from a", ["a"]),
        ("select id, (select x from x limit 1) from a", []),
        ("update a set n = $1 from b where a.id = b.id returning *", ["a", "b"]),
    ],
)
def test_what_every_row_has(text: str, names: list[str]) -> None:
    assert certain(text) == names


@given(st.sampled_from(sorted(FETCHED)), st.lists(st.sampled_from("xyz"), max_size=3))
def test_naming_the_columns_outside_ends_it(text: str, columns: list[str]) -> None:
    if text.startswith(("insert", "update", "delete")):
        return
    outside = ", ".join(["q.a", *(f"q.{column}" for column in columns)])
    assert found(f"select {outside} from ({text}) q") == []


def fetched(text: str, *columns: str) -> tuple[Fetched, ...]:
    """What is fetched whole, where these are names of columns of every table."""
    tree = parsed(text)
    assert tree is not None
    return fetched_whole(tree, lambda _, name: name in columns)


def found(text: str, *columns: str) -> list[str]:
    names = [one.relation for one in fetched(text, *columns)]
    return [f"{n.schema}.{n.name}" if n.schema else n.name for n in names]
