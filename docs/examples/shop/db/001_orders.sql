-- One partition for each day of a year: what is deleted after a year is dropped in an instant.
create table orders (
    id bigint generated always as identity,
    customer bigint not null,
    day date not null,
    total numeric(10, 2) not null,
    note text
)
partition by range (day);

create index on orders (id);
create index on orders (customer);
create index on orders (total);

do $$ begin
    for n in 0..364 loop
        execute format(
            'create table orders_%s partition of orders for values from (%L) to (%L)',
            to_char(date '2026-01-01' + n, 'YYYYMMDD'), date '2026-01-01' + n, date '2026-01-02' + n
        );
    end loop;
end $$;
