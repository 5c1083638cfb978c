"""Which relations a text fetches whole, and what is no alarm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.check.postgresql_statements import parsed
from earwitness.claims.select_star.star_queries import fetched_whole

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
]


@pytest.mark.parametrize(("text", "names"), FETCHED.items())
def test_all_columns_are_fetched(text: str, names: list[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize("text", FINE)
def test_no_false_alarm(text: str) -> None:
    assert found(text) == []


@given(st.sampled_from(sorted(FETCHED)), st.lists(st.sampled_from("xyz"), max_size=3))
def test_naming_the_columns_outside_ends_it(text: str, columns: list[str]) -> None:
    if text.startswith(("insert", "update", "delete")):
        return
    outside = ", ".join(["q.a", *(f"q.{column}" for column in columns)])
    assert found(f"select {outside} from ({text}) q") == []


def found(text: str) -> list[str]:
    tree = parsed(text)
    assert tree is not None
    return [f"{n.schema}.{n.name}" if n.schema else n.name for n in fetched_whole(tree)]
