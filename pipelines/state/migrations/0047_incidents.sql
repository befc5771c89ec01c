-- What went wrong and is still wrong, and who was told of it: told once, however often it is seen.

create table incidents (
    incident_id text not null primary key,
    incident text not null,
    kind text not null,
    sentence text not null,
    run_id text not null,
    opened_at timestamp with time zone not null,
    last_seen_at timestamp with time zone not null,
    seen bigint not null,
    told text not null,
    closed_at timestamp with time zone
);

create unique index incidents_open on incidents (incident) where closed_at is null;
