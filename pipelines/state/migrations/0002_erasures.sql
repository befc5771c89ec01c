-- What is left of a person who was erased: a receipt, and keyed hashes to know them by if they come back.

create table erasures (
    erasure_id text not null primary key,
    reason text not null,
    people bigint not null,
    requested_at timestamp with time zone not null,
    completed_at timestamp with time zone
);

create table erased_rows (
    erasure_id text not null,
    place text not null,
    rows bigint not null,
    primary key (erasure_id, place)
);

create table suppressed (
    hash text not null primary key,
    kind text not null check (kind in ('key', 'email', 'record')),
    erasure_id text not null
);
