"""Are stars found wherever a linter finds them, and without a false alarm?

    python benchmarks/star_findings.py

A corpus of our own, labelled by hand: does the statement hand all columns of a table on to whoever
sent it? Beside it the verdicts of our parser and of rule AM04 of sqlfluff ("query produces an unknown
number of result columns"), which asks the same of a text. Prints both, and every statement on which
one of them differs from the label.

Targets: a recall that is at least that of AM04, and no false alarm. Exits with 1 when missed.
"""

import logging
import sys
from dataclasses import dataclass

from earwitness.check.postgresql_statements import parsed
from earwitness.claims.select_star.star_queries import fetched_whole

try:
    import sqlfluff
except ImportError:
    sys.exit("this benchmark compares with sqlfluff: pip install 'earwitness[bench]'")

RULE = "AM04"

WHOLE = """
select * from orders
select * from shop.orders where id = $1
select o.* from orders o
select o.* from orders as o where o.id = $1
select orders.* from orders
select "o".* from orders "o"
select * from orders limit 10
select distinct * from orders
select distinct on (customer) * from orders order by customer, day desc
select * from orders for update
select id, * from orders
select *, now() from orders
select count(*) over (), * from orders
select * from only orders
select * from orders tablesample system (1)
select * from orders, customers
select * from orders join customers using (customer)
select * from orders left join customers on customers.id = orders.customer
select * from orders natural join customers
select o.*, c.name from orders o join customers c on c.id = o.customer
select c.name, o.* from orders o cross join customers c
select o.*, c.* from orders o, customers c
select * from orders where id in (select id from customers)
select * from orders where exists (select 1 from customers)
select * from (select * from orders) x
select x.* from (select * from orders) x
select x.* from (select o.* from orders o) x join customers c on true
select * from (select * from (select * from orders) a) b
with c as (select * from orders) select * from c
with c as (select * from orders) select c.* from c
with c as (select o.* from orders o) select * from c where id = 1
with a as (select id from orders), b as (select * from customers) select * from a join b on true
with a as (select * from orders), b as (select * from a) select * from b
with recursive r as (select * from orders union all select o.* from orders o join r on o.id = r.id) select * from r
select * from orders union all select * from archive
select id, note from orders union select * from archive
select * from orders except select * from archive
(select * from orders) limit 1
select * from orders o, lateral (select * from lines l where l.id = o.id) x
select x.* from orders o cross join lateral (select * from lines l where l.id = o.id) x
select o.id, x.* from orders o left join lateral (select l.* from lines l) x on true
select row_to_json(o.*) from orders o
select to_jsonb(o.*) from orders o
insert into orders (id) values (1) returning *
update orders set note = 'x' where id = 1 returning *
update orders o set note = c.name from customers c where c.id = o.customer returning o.*
delete from orders where id = 1 returning *
with gone as (delete from orders returning *) select * from gone
with made as (insert into orders (id) values (1) returning *) select * from made
select o from orders o
select row_to_json(o) from orders o
select coalesce(json_agg(r), '[]') from (select o.* from orders o limit 10) r
select c.name, array(select o from orders o where o.customer = c.id) from customers c
""".strip().splitlines()
"""One statement in each line: all columns of a table reach the client."""

FINE = """
select id, note from orders
select o.id from orders o
select count(*) from orders
select count(*) from orders where id = $1
select customer, count(*) from orders group by customer
select count(*) filter (where id > 1) from orders
select count(*) over (partition by customer) from orders
select count(o.*) from orders o
select count(distinct o.*) from orders o
select exists (select * from orders)
select exists (select * from orders where id = $1)
select id from orders where exists (select * from lines where lines.id = orders.id)
select id from orders where not exists (select * from lines)
select id from orders where (id, note) in (select * from pairs)
select id from orders where id = any (select * from ids)
select id from orders where id > all (select * from ids)
with c as (select id, note from orders) select * from c
with c (a, b) as (select id, note from orders) select * from c
with c as (select id from orders) select c.* from c
with a as (select id from orders), b as (select * from a) select * from b
with c as (select * from orders) select id from c
with c as (select * from orders) select count(*) from c
with c as (select * from orders) select sum(total) from c group by day
with c as (values (1, 2)) select * from c
with recursive r as (select 1 as n union all select n + 1 from r where n < 9) select * from r
select id from (select * from orders) x
select x.id from (select o.* from orders o) x
select * from (select id, note from orders) x
select x.* from (select id from orders) x
select max(x.id) from (select * from orders) x
select * from (values (1), (2)) v
select * from generate_series(1, 10)
select * from unnest(array[1, 2]) u (a)
select * from json_to_recordset('[]') as x (a int)
select price * amount from lines
select 2 * count(*) from lines
select id from orders union all select id from archive
select id from orders intersect select id from archive
insert into archive select * from orders
insert into archive select o.* from orders o where id = 1
insert into archive (id) select id from (select * from orders) x
update orders set note = 'x' where exists (select * from lines)
delete from orders where id in (select id from (select * from lines) x)
with gone as (delete from orders returning *) insert into archive select * from gone
with gone as (delete from orders returning *) select count(*) from gone
select o.id, x.n from orders o, lateral (select count(*) as n from lines l where l.id = o.id) x
select o.id from orders o cross join lateral (select * from lines l where l.id = o.id) x
select md5(o.*::text) from orders o
select o.* is not null from orders o
select count(*) filter (where o.* is not null) from orders o
select note from orders note
select * into archive from orders
select '*' from orders
select id /* * */ from orders
""".strip().splitlines()
"""No table's columns reach the client as a whole: aggregates, EXISTS, copies, named columns."""


COLUMNS = ("id", "note", "customer", "day", "total")
"""Those of every table, as far as a source of rows is called so."""


@dataclass(frozen=True)
class Score:
    """Of the labelled statements: how many stars were found, and how many false alarms raised."""

    found: int
    false: int

    @property
    def recall(self) -> float:
        """Part of the statements with a star that was found."""
        return self.found / len(WHOLE)


def ours(statement: str) -> bool:
    tree = parsed(statement)
    assert tree is not None, statement
    return bool(fetched_whole(tree, lambda _, name: name in COLUMNS))


def theirs(statement: str) -> bool:
    found = sqlfluff.lint(f"{statement}\n", dialect="postgres", rules=[RULE])
    return any(violation["code"] == RULE for violation in found)


def scored(verdicts: dict[str, bool]) -> Score:
    return Score(
        found=sum(verdicts[one] for one in WHOLE), false=sum(verdicts[one] for one in FINE)
    )


def main() -> int:
    logging.getLogger("sqlfluff").setLevel(logging.ERROR)
    statements = [*WHOLE, *FINE]
    assert len(set(statements)) == len(statements)
    mine = {statement: ours(statement) for statement in statements}
    lint = {statement: theirs(statement) for statement in statements}
    print(f"{len(WHOLE)} statements with a star that reaches the client, {len(FINE)} without\n")
    print("| by | found | recall | false alarms |")
    print("| --- | ---: | ---: | ---: |")
    scores = {"Earwitness": scored(mine), f"sqlfluff {RULE}": scored(lint)}
    for name, score in scores.items():
        print(f"| {name} | {score.found} | {score.recall:.0%} | {score.false} |")
    for statement in statements:
        label = statement in WHOLE
        wrong = [
            name
            for name, verdicts in zip(scores, (mine, lint), strict=True)
            if verdicts[statement] != label
        ]
        if wrong:
            print(f"{'missed' if label else 'false alarm'} by {' and '.join(wrong)}: {statement}")
    we, they = scores.values()
    return int(we.recall < they.recall or we.false > 0)


if __name__ == "__main__":
    sys.exit(main())
