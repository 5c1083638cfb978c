"""What a statement calls that the system does not define, however it is written."""

import pytest

from earwitness.check.postgresql_calls import calls_of_others


@pytest.mark.parametrize(
    "statement",
    [
        "select id from t where id = shop.secret()",
        "select id from t where id = SHOP . secret ($1)",
        'select "Shop"."secret"(1)',
        "select db.shop.secret(1)",
        "select shop./* a /* nested */ one */secret(1)",
        "select shop.secret-- a comment\n(1)",
        "select f($1,$2), shop.secret($1,$2)",
        'select 1 as "/*", shop.secret() as "*/"',
        "select 'it''s', e'\\'', shop.secret()",
        "select $a$ ' $a$, shop.secret()",
        "select 😀.secret()",
        "select 1 operator(shop.===) 2",
        "select 1 operator /* a */ (shop.+) 2",
        "select $1::shop.kind",
        "select cast($1 as shop.kind)",
        "select shop.kind 'a'",
        "select * from t, shop.rows_of(1) as r (a)",
        "select 'not ended",
        "select /* not ended",
        'select "not ended',
    ],
)
def test_what_is_called_with_its_schema(statement: str) -> None:
    assert calls_of_others(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "select count(*), max(o.day) from shop.orders o where o.day in ($1, $2)",
        "select pg_catalog.upper(name) from shop.people p join shop.orders using (id)",
        "select name::text, cast(id as bigint) from shop.people as p where p.name = $1",
        "insert into shop.orders (id, day) values ($1, $2) on conflict do nothing",
        "select 'shop.secret(', $$ shop.secret( $$ from shop.orders -- shop.secret(",
        "with recent as (select * from shop.orders) select r.id from recent as r (id)",
        "select o.day, (select 1) from shop.orders o order by o.day desc /* app:shop */ limit $1",
        "",
    ],
)
def test_what_is_not(statement: str) -> None:
    assert not calls_of_others(statement)


def test_a_long_text_takes_no_time() -> None:
    for part in ("a/**/ ", "a.b /*", "'' ", "$a$ ", "a.a.", '"" ', "-- \n"):
        calls_of_others(part * 5_000)
