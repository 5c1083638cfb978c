"""Where findings come from in source files: found however it is written, and never guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.check.finding import Finding, Location, Severity, SourcePlace
from earwitness.check.postgresql_statements import normalised
from earwitness.check.source_places import SourceFile, creations, located, written_at

QUERY = "select id, note from orders where customer = ? and day between ? and ? limit ?"


def lines(statement: str, text: str, path: str = "app/a.py") -> list[tuple[int, int]]:
    found = written_at(statement, SourceFile(path=path, text=text))
    return [(place.line, place.end_line) for place in found]


WRITTEN = {
    "python": 'x = 1\nrows = db.execute("""\n    SELECT id, note FROM orders\n    WHERE customer = %s AND day '
    'BETWEEN %(from)s AND %(to)s\n    LIMIT 10\n""", given)\n',
    "python, literals side by side": 'q = (\n    "select id, note from orders "\n    "where customer = $1 '
    'and day between $2 and $3 "\n    "limit $4"\n)\n',
    "java": 'String q = "select id, note from orders" +\n  " where customer = ? and day between ? and ?" +\n'
    '  " limit ?";\n',
    "javascript": "const q = sql`\n  select id, note\n  from orders where customer = ${id}\n  and day between "
    "${from} and ${to} limit 5`\n",
    "go": 'rows, err := db.Query("select id, note from orders where customer = $1 and day between $2 and $3 '
    'limit $4", id)\n',
    "ruby": 'q = "select id, note from orders where customer = #{id} and day between :from and :to limit 9"\n',
    "escaped": "q = \"select id, note\\nfrom orders where customer = 7 and day between 'a'::date and "
    "'b' limit 1\"\n",
    "xml": "<select>\nselect id, note from orders where customer = #{id} and day between #{a} and #{b} limit 1\n"
    "</select>\n",
    "comments": 'q = """select id, note -- both\nfrom orders /* ours */ where customer = %s and day between %s '
    'and %s limit 1"""\n',
}
FIRST = {
    "python": (3, 5),
    "python, literals side by side": (2, 4),
    "java": (1, 3),
    "javascript": (2, 4),
}
FIRST |= {"xml": (2, 2), "comments": (1, 2)}


@pytest.mark.parametrize("language", WRITTEN)
def test_a_statement_is_found_however_it_is_quoted(language: str) -> None:
    assert lines(QUERY, WRITTEN[language]) == [FIRST.get(language, (1, 1))]


LONGER = [
    '"select id, note from orders where customer = $1 and day between $2 and $3 limit $4 offset $5"',
    '"select id, note from orders where customer = $1 and day between $2 and $3 limit $4"\n  " offset 5"',
    "'select id, note from orders where customer = ? and day between ? and ? limit ?' + more",
    '"select id, notes from orders where customer = $1 and day between $2 and $3 limit $4"',
    '"select id, note from orders_old where customer = $1 and day between $2 and $3 limit $4"',
    '"select id, note from orders where customer = $1"',
]


@pytest.mark.parametrize("text", LONGER)
def test_another_statement_is_not_taken_for_it(text: str) -> None:
    assert lines(QUERY, text) == []


def test_in_sql_only_whole_statements_count_and_no_comments() -> None:
    text = (
        "-- select * from orders where id = 1;\n"
        "select *\n  from orders where id = 2 ;\n"
        "with x as (select * from orders where id = 3) select a from x;\n"
        "select * from orders where id = 4 order by day;\n"
        "do $$ begin perform 'select * from orders where id = 5;'; end $$;\n"
        "select * from orders where id = 6"
    )
    assert lines("select * from orders where id = ?", text, "db/q.sql") == [(2, 3), (7, 7)]


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("select a from t where b in (?)", '"select a from t where b in (%s, %s, 7)"'),
        ("select a from t where b in (?, ?)", '"select a from t where b in (%s, %s)"'),
        (
            "select a from t where c >= (?::date)",
            "\"select a from t where c >= date '2024-01-01'\"",
        ),
        ('select a from "T"', '"select a from \\"T\\""'),
        ("select a from t where b = ?", '"select a from t where b = true"'),
        ("select * from t where a->>? = ?", "\"select * from t where a->>'x' = 'y'\""),
    ],
)
def test_values_are_told_from_words(statement: str, text: str) -> None:
    assert lines(statement, text) == [(1, 1)]


BY_ID = "select * from orders where id = ?"


@pytest.mark.parametrize(
    "text",
    [
        "rows = query(<<~SQL, id)\n  select * from orders where id = ?\nSQL\n",
        "$q = <<<'SQL'\n  select * from orders where id = :id\n  SQL;\n",
        "psql <<-SQL\n\n\tselect * from orders where id = 7\n\tSQL\n",
        'x <<"E"\nselect *\nfrom orders where id = $1\nE',
    ],
)
def test_in_a_document_that_ends_with_its_word(text: str) -> None:
    assert len(lines(BY_ID, text, "app/orders.rb")) == 1


def test_the_next_line_of_a_statement_is_no_end_of_it() -> None:
    text = "<<SQL\nselect * from orders where id = 7\nORDER by day\nSQL"
    assert lines(BY_ID, text, "app/orders.rb") == []


def test_one_that_was_shortened_is_found_by_its_beginning() -> None:
    assert lines("select aaa, bbb, cc…", '\n"select aaa, bbb, ccc, ddd from t"') == [(2, 2)]


words = st.lists(
    st.sampled_from(["orders", "a", "b.c", "=", "(", ")", ",", "*", "7", "'x'"]), max_size=12
)


@given(words)
def test_what_was_sent_is_found_where_it_is_written(tail: list[str]) -> None:
    text = " ".join(["select", *tail])
    assert lines(normalised(text), f"\n{text};\n", "a.sql") == [(2, 2)]


# Tables.

SCHEMA = """-- create table shop.commented (a int) partition by range (a);
set search_path = shop;

create table if not exists orders (
    id int, -- ; partition by nothing
    day date default ';'
)
partition by range (day);
create table orders_1 partition of orders for values from ('2024-01-01') to ('2024-02-01');
create table "Odd ""name" (a int);
CREATE UNLOGGED TABLE other.orders (id int);
select 'create table text (a int)';
create index on orders (id);
"""


def found_in(path: str, text: str) -> dict[tuple[str, str], tuple[bool, int, int]]:
    return {
        (one.schema, one.name): (one.partitioned, one.place.line, one.place.end_line)
        for one in creations(SourceFile(path=path, text=text))
    }


def test_tables_of_sql() -> None:
    assert found_in("db/schema.sql", SCHEMA) == {
        ("", "orders"): (True, 4, 8),
        ("", "orders_1"): (False, 9, 9),
        ("", 'Odd "name'): (False, 10, 10),
        ("other", "orders"): (False, 11, 11),
    }


def test_tables_in_other_languages() -> None:
    text = (
        "def up(db):\n"
        '    db.execute("""\n'
        "        CREATE TABLE shop.Orders (id int, day date)\n"
        "        PARTITION BY RANGE (day)\n"
        '    """)\n'
        '    db.execute("create table plain (a int)")\n'
    )
    assert found_in("m/0001.py", text) == {
        ("shop", "orders"): (True, 3, 4),
        ("", "plain"): (False, 6, 6),
    }


@pytest.mark.parametrize(
    "text", ["create table", "create table (", "create table 'x", "\x00create table a"]
)
def test_what_cannot_be_taken_apart_breaks_nothing(text: str) -> None:
    for path in ("a.sql", "a.py"):
        list(creations(SourceFile(path=path, text=text)))


# Findings.


def finding(table: str | None, *statements: str) -> Finding:
    return Finding(
        id="c/sort",
        claim="c",
        severity=Severity.LOW,
        title="t",
        statement="s",
        fix="f",
        location=None if table is None else Location(kind="table", name=table),
        statements=statements,
    )


def placed(one: Finding, **files: str) -> Finding:
    (found,) = located(
        [one], [SourceFile(path=f"{name}.sql", text=text) for name, text in files.items()]
    )
    return found


def test_statements_come_first_and_the_table_is_related() -> None:
    one = placed(
        finding("shop.orders", "select * from orders"), a=SCHEMA, b="\nselect * from orders;"
    )
    assert one.source_places == (SourcePlace(file="b.sql", line=2, end_line=2),)
    assert one.related_places == (SourcePlace(file="a.sql", line=4, end_line=8),)


def test_without_statements_the_table_comes_first() -> None:
    one = placed(finding("shop.orders"), a=SCHEMA)
    assert one.source_places == (SourcePlace(file="a.sql", line=4, end_line=8),)
    assert one.related_places == ()


def test_a_schema_that_is_written_decides() -> None:
    assert placed(finding("other.orders"), a=SCHEMA).source_places[0].line == 11
    assert (
        placed(finding("third.orders"), a="create table shop.orders (a int);").source_places == ()
    )


@pytest.mark.parametrize("table", ["shop.commented", "shop.text", "shop.nothing", None])
def test_what_is_not_found_has_no_place(table: str | None) -> None:
    assert placed(finding(table, "select 1 from nowhere"), a=SCHEMA).source_places == ()
