-- People's records that were decided about without a refresh: one that had begun by then leaves them alone.

create table met_records (
    record_key text not null primary key,
    person_id text not null,
    sequence bigint not null,
    met_at timestamp with time zone not null
);
