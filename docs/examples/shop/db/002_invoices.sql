create table invoices (
    id bigint primary key,
    number text not null,
    scan text not null -- what the scanner saw, some kilobytes of it
);
