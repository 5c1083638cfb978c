"""Which statements read a tree, and what is said of those of which it is not known."""

from typing import Any

import pytest

from earwitness.check.postgresql_statements import Counted
from earwitness.claims.partition_locks import relations
from earwitness.claims.partition_locks.locking import (
    LockSettings,
    Relation,
    lock_settings,
    setting_names,
)
from earwitness.claims.partition_locks.relations import Relations
from earwitness.claims.partition_locks.statements import (
    NotLookedAt,
    Room,
    Use,
    judged,
    uses,
)

ORDERS, DAYS, CUSTOMERS, RECENT, TENANT, OTHER = 1, 2, 3, 4, 5, 6
TREES = {
    root: [Relation(root, "p"), *(Relation(root * 100 + n, "r") for n in range(30))]
    for root in (ORDERS, DAYS, TENANT)
}
ROWS = {
    "relations": [
        (ORDERS, "shop", "orders", "p", None, True),
        (DAYS, "shop", "days", "p", None, True),
        (CUSTOMERS, "shop", "customers", "r", None, True),
        (RECENT, "shop", "recent", "v", None, True),
        (TENANT, "one", "twice", "p", None, True),
        (OTHER, "two", "twice", "r", None, True),
    ],
    "partition-keys": [
        (root, "r", ["day"], ["date"], "FOR VALUES FROM ('2024-01-05') TO ('2024-01-06')")
        for root in TREES
    ],
    "views": [(RECENT, ORDERS)],
}


class Server:
    def read(self, step: Any, schema: str = "") -> Any:
        return ROWS[step.name]


@pytest.fixture(scope="module")
def catalog() -> Relations:
    names = {ORDERS: "shop.orders", DAYS: "shop.days", TENANT: "one.twice"}
    return relations.read(Server(), names, TREES)


@pytest.fixture(scope="module")
def limits() -> LockSettings:
    values = dict.fromkeys(setting_names(15), "0")
    return lock_settings(15, {**values, "max_locks_per_transaction": "64", "max_connections": "99"})


def sent(
    catalog: Relations, *texts: str | None, seconds: float = 60.0
) -> tuple[list[Use], list[NotLookedAt]]:
    counted = [
        Counted(queryid=str(n), text=text, calls=9, sent=9, rows=9, seconds=1.0)
        for n, text in enumerate(texts)
    ]
    found = [*uses(counted, catalog, seconds=seconds)]
    return (
        [one for one in found if isinstance(one, Use)],
        [one for one in found if isinstance(one, NotLookedAt)],
    )


def test_what_is_not_known_is_counted_by_why(catalog: Relations) -> None:
    found, not_looked_at = sent(
        catalog,
        "select 1 from orders",
        "select 1 from customers where name = 'orders'",
        "select 1 from customers",
        "select 1 from recent",
        "select 1 from twice",
        "select 1 from one.twice",
        "select 1 from two.twice",
        "select 1 from only orders where id = $1",
        "select from orders from",
        None,
    )
    assert [one.counted.queryid for one in found] == ["0", "3", "5"]
    assert not_looked_at == [
        NotLookedAt.AMBIGUOUS,
        NotLookedAt.NOT_UNDERSTOOD,
        NotLookedAt.WITHOUT_TEXT,
    ]


def test_parsing_ends_and_says_so(catalog: Relations) -> None:
    found = sent(catalog, "select 1 from orders", "select 1 from customers", seconds=-1.0)
    assert found == ([], [NotLookedAt.NOT_PARSED])


def test_of_several_trees_those_are_named_that_are_not_pruned(
    catalog: Relations, limits: LockSettings
) -> None:
    [use], _ = sent(
        catalog, "select 1 from orders o join days d using (id) where o.day = $1 and d.id = $2"
    )
    one = judged(use, catalog, Room(limits, 0), None)
    assert (one.prunes, one.relations) == ("never", ("shop.days", "shop.orders"))
    assert one.unpruned == ("shop.days",)


def test_a_field_that_was_counted_as_a_parameter_is_planned(
    catalog: Relations, limits: LockSettings
) -> None:
    planned: list[str] = []

    def plan(text: str) -> list[int]:
        planned.append(text)
        return [one.oid for one in TREES[ORDERS]]

    [use], _ = sent(
        catalog, "select id, $1 from orders where extract($2 from day) = $3 and id = $4"
    )
    one = judged(use, catalog, Room(limits, 0), plan)
    assert (one.prunes, one.by) == ("never", "plan")
    assert planned == [
        'select id, $1 from "shop"."orders" where extract(epoch from day) = $2 and id = $3'
    ]


def test_every_place_of_a_parameter_becomes_a_value(
    catalog: Relations, limits: LockSettings
) -> None:
    planned: list[str] = []

    def plan(text: str) -> list[int]:
        planned.append(text)
        return [one.oid for one in TREES[ORDERS][: 3 if len(planned) == 2 else None]]

    [use], _ = sent(catalog, "select 1 from orders where ($1::date is null or day = $1)")
    assert judged(use, catalog, Room(limits, 0), plan).prunes == "custom_only"
    assert planned[1].endswith("where ('2024-01-05'::date is null or day = '2024-01-05')")
