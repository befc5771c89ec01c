-- A decision is about something that happened to a person; a person may have several.

alter table decisions add column event_key text not null default 'new';

alter table decisions add column caused_by text not null default 'new-lead';

alter table decisions add column state text not null default 'assigned';

alter table decisions add column pool text not null default '';

alter table decisions add column previous_owner text not null default '';

-- A rule as it was when it was first seen; a changed rule is another row. Confirmed: it may be acted upon.

create table decision_rules (
    kind text not null,
    rule text not null,
    content_hash text not null,
    content text not null,
    first_seen_at timestamp with time zone not null,
    active_from timestamp with time zone not null,
    confirmed_at timestamp with time zone,
    primary key (kind, rule, content_hash)
);

-- What decisions go on from: rotations, loads given in a period, clocks.

create table decision_states (
    kind text not null primary key,
    content text not null,
    run_id text not null,
    decided_at timestamp with time zone not null
);

-- What a run decided from, so that it can be decided again to the row.

create table decision_runs (
    run_id text not null,
    kind text not null,
    decided_at timestamp with time zone not null,
    rules text not null,
    state_before text not null,
    sequence bigint not null,
    primary key (run_id, kind)
);

create table decision_inputs (
    run_id text not null,
    kind text not null,
    person_id text not null,
    event_key text not null,
    content text not null,
    decided text not null,
    primary key (run_id, kind, person_id, event_key)
);
