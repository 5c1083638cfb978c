"""What a statement's text says about pruning: certain where it says so, unclear where it does not."""

import pytest

from earwitness.check import sql_names
from earwitness.check.postgresql_statements import parsed
from earwitness.claims.partition_locks.conditions import Reading, read
from earwitness.claims.partition_locks.relations import Key, bound_values
from earwitness.claims.partition_locks.rewriting import renumbered, replaced

RANGE = Key("r", ("day",), ("'2024-01-05'",), ("date",))
LIST = Key("l", ("kind",), ("'it''s'",))
HASH = Key("h", ("id", "part"), ("1", "1"))


def reading(text: str, *keys: Key, aliases: tuple[str, ...] = ("t",)) -> Reading:
    tree = parsed(text)
    assert tree is not None
    places = [place for place in sql_names.relations(tree) if sql_names.alias(place) in aliases]
    return read(tree, keys or (RANGE,), places)


CERTAIN = [
    "select 1 from t where day = $1",
    "select 1 from t where $1 <= day and id = $2",
    "select 1 from t where t.day between $1 and $2::date",
    "select 1 from t where (day in ($1 /*, ... */)) and a = b",
    "select 1 from t where day = any($1)",
    "select 1 from u join t on t.day = $1",
    "update t set a = $1 where day = $2",
]
NEVER = [
    "select 1 from t",
    "select day from t where id = $1 order by day limit $2",
    "select 1 from t where day >= now() - $1::interval",
    "select 1 from t where day = current_date",
    "select 1 from t where day in (select x from y)",
    "select 1 from t group by day having count(*) > $1",
    "select 1 from t where day <> $1",
    "select 1 from t where date_trunc($1, day) = $2",
    "select 1 from t where extract($1 from day) = $2 and upper(day) like $3",
    "select 1 from t where day like $1",
    "select 1 from t where day = $1::timestamptz",
    "select 1 from t where day::text = $1",
    "select 1 from t where day >= ($1::timestamptz) and day + $2 < $3",
    "select 1 from t where day in ($1, $2::timestamptz)",
]
UNCLEAR = [
    "select 1 from t where day = $1 or id = $2",
    "select 1 from t where not day = $1",
    "select 1 from t where day is null",
    "select 1 from t left join u on t.day = $1",
    "select 1 from t join d on t.day = d.day where d.day = $1",
    "select 1 from t where case when day = $1 then true else false end",
    "select 1 from t where day not between $1 and $2",
    "select 1 from t where day not in ($1, $2)",
    "select 1 from t where ours(day) = $1",
    "select 1 from t where day::date = $1",
    "select 1 from t where day <@ daterange($1, $2)",
    "select 1 from t where exists (select 1 from u where day = $1)",
    "select 1 from (select *, row_number() over (partition by id) from t) x where day = $1",
    "select 1 from (select * from t limit $1) x where day = $2",
    "select 1 from (select day, count(*) from t group by day) x where day = $1",
    "select 1 from (select id as day from t) x where day = $1",
    "select 1 from (select * from t) x (day) where day = $1",
    "with x as materialized (select * from t) select 1 from x where day = $1",
    "with x as (select * from t) select 1 from x a, x b where a.day = $1 and b.day = $2",
    "merge into t using u on t.day = u.day when matched then delete",
]
PASSED_ON = [
    "select 1 from (select id, day from t) x where x.day = $1",
    "select 1 from (select * from t union all select * from u) x where day = $1",
    "with x as (select * from t) select 1 from x where day = $1",
    "with x as not materialized (select * from t where day = $1) select 1 from x",
    "select 1 from t where (day, id) = ($1, $2)",
    "select 1 from t where (day, id) in (($1, $2), ($3, $4))",
    "select 1 from t where day = any(array[$1, $2]::date[])",
    "select 1 from t where day = $1::timestamp",
    "merge into t using u on t.id = u.id and t.day = $1 when matched then delete",
]
"""Certain to prune although the condition stands elsewhere, or in another form."""


@pytest.mark.parametrize("text", [*CERTAIN, *PASSED_ON])
def test_certain_to_prune_with_values(text: str) -> None:
    assert reading(text).prunes_with_values


@pytest.mark.parametrize("text", NEVER)
def test_certain_never_to_prune(text: str) -> None:
    said = reading(text)
    assert (said.prunes_with_values, said.unclear) == (False, False)


@pytest.mark.parametrize("text", UNCLEAR)
def test_what_is_not_certain_is_unclear(text: str) -> None:
    said = reading(text)
    assert (said.prunes_with_values, said.unclear) == (False, True)


def test_a_hash_needs_every_column_equal() -> None:
    assert reading("select 1 from t where id = $1 and part = $2", HASH).prunes_with_values
    assert not reading("select 1 from t where id = $1", HASH).prunes_with_values
    several = "select 1 from t where id = $1 and part in ($2, $3)"
    assert not reading(several, HASH).prunes_with_values
    assert not reading("select 1 from t where id > $1 and part = $2", HASH).prunes_with_values


def test_an_inequality_that_is_turned_around_is_an_equality() -> None:
    assert reading("select 1 from t where not (id <> $1)", HASH).unclear


def test_every_name_of_a_tree_has_to_be_pruned() -> None:
    joined = "select 1 from t a join t b using (id) where a.day = $1"
    assert not reading(joined, aliases=("a", "b")).prunes_with_values
    assert reading(f"{joined} and b.day = $2", aliases=("a", "b")).prunes_with_values


def test_another_tables_column_of_that_name_is_not_the_key() -> None:
    said = reading("select 1 from t join u using (id) where u.day = $1")
    assert (said.prunes_with_values, said.replacements) == (False, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "select $1 from t where day = $2 and id = $3",
            "select $1 from t where day = '2024-01-05' and id = $2",
        ),
        (
            "select 1 from t where day between $1 and $2::date and id = $3",
            "select 1 from t where day between '2024-01-05' and '2024-01-05'::date and id = $1",
        ),
        (
            "select 1 from t where day = any($1)",
            "select 1 from t where day = any('{\"2024-01-05\"}')",
        ),
        (
            "select 1 from t join d on t.day = d.day where d.day = $1",
            "select 1 from t join d on t.day = d.day where d.day = '2024-01-05'",
        ),
        ("select 'é', 1 from t where day = $1", "select 'é', 1 from t where day = '2024-01-05'"),
    ],
)
def test_parameters_become_values_and_the_others_are_numbered_anew(
    text: str, expected: str
) -> None:
    tree = parsed(text)
    assert tree is not None
    places = [place for place in sql_names.relations(tree) if sql_names.alias(place) == "t"]
    values = read(tree, (RANGE,), places).replacements
    others = renumbered(tree, [id(node) for node, _ in values])
    assert replaced(text, [*values, *others]) == expected


def test_a_key_without_a_known_value_is_unclear_to_the_planner_too() -> None:
    assert reading("select 1 from t where day = $1", Key("r", ("day",), ("",))).unreplaced
    assert reading("select 1 from t where id = $1", Key("r", ("",), ("",))).unreplaced
    assert not reading("select 1 from t where day = $1").unreplaced
    assert not reading("select 1 from t where day = $1 or id = $2").unreplaced


@pytest.mark.parametrize(
    ("bound", "values"),
    [
        ("FOR VALUES FROM ('2024-01-01', 5) TO ('2024-02-01', MINVALUE)", ("'2024-01-01'", "5")),
        ("FOR VALUES FROM (MINVALUE) TO (3)", ("",)),
        ("FOR VALUES IN (NULL, 'it''s, (so)')", ("'it''s, (so)'",)),
        ("DEFAULT", ("",)),
        ("", ("",)),
    ],
)
def test_values_of_a_bound(bound: str, values: tuple[str, ...]) -> None:
    assert bound_values(bound, len(values)) == values


def test_a_union_prunes_where_both_of_its_queries_do() -> None:
    both = "select 1 from t where day = $1 union all select 1 from t"
    assert not reading(both).prunes_with_values
    assert not reading(both).unclear
    assert reading(f"{both} where day = $2").prunes_with_values


@pytest.mark.parametrize(
    ("text", "unreplaced"),
    [
        ("select 1 from t where ($1::date is null or day = $1)", False),
        ("select 1 from t where day = $1 or id = $2", False),
        ("select 1 from t where (day = $1 or $2)", True),
        ("select 1 from t where not (day = $1 and $2)", True),
        ("select 1 from t where ((day = $1 and id = $2) or $3)", True),
        ("select 1 from t where (day = $1 or $2 = $3) and id = $4", True),
        ("select 1 from t where case when $2 then day = $1 else $3 end", True),
        ("select 1 from t where day not between $1 and $2", True),
        ("select 1 from t where day >= to_timestamp($1)", True),
        ("select 1 from t where date_trunc($1, day) = $2", False),
    ],
)
def test_a_plan_decides_only_where_every_parameter_that_matters_is_known(
    text: str, *, unreplaced: bool
) -> None:
    assert reading(text).unreplaced is unreplaced
