"""What a statement's text says about pruning: certain where it says so, unclear where it does not."""

import pytest

from earwitness.check.postgresql_statements import parsed
from earwitness.claims.partition_locks.conditions import Reading, read, renumbered, replaced
from earwitness.claims.partition_locks.relations import Key, bound_values

RANGE = Key("r", ("day",), ("'2024-01-05'",))
LIST = Key("l", ("kind",), ("'it''s'",))
HASH = Key("h", ("id", "part"), ("1", "1"))


def reading(text: str, *keys: Key, aliases: tuple[str, ...] = ("t",)) -> Reading:
    tree = parsed(text)
    assert tree is not None
    return read(tree, keys or (RANGE,), aliases)


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
]
UNCLEAR = [
    "select 1 from t where day = $1 or id = $2",
    "select 1 from t where not day = $1",
    "select 1 from t where day <> $1",
    "select 1 from t where date_trunc($1, day) = $2",
    "select 1 from t where day is null",
    "select 1 from t left join u on t.day = $1",
    "select 1 from t join d on t.day = d.day where d.day = $1",
    "select 1 from t where case when day = $1 then true else false end",
]


@pytest.mark.parametrize("text", CERTAIN)
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
    assert not reading("select 1 from t where id > $1 and part = $2", HASH).prunes_with_values


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
    values = read(tree, (RANGE,), ("t",)).replacements
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
