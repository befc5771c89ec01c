-- Journey entries that an event asked for: they wait here until a round has seen to them.

create table waiting_entries (
    event_key text not null,
    journey text not null,
    vendor text not null,
    object text not null,
    record_id text not null,
    event_kind text not null,
    asked_at timestamp with time zone not null,
    primary key (event_key, journey)
);
