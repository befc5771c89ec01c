-- Timestamps are UTC: TIMESTAMPTZ in PostgreSQL, fixed-width ISO text in SQLite, which sorts the same.

create table journal (
    change_id text not null primary key,
    run_id text not null,
    plan_id text not null,
    sync text not null,
    vendor text not null,
    object text not null,
    record_id text not null,
    record_key text not null,
    field text not null,
    before_value text,
    after_value text,
    provider text not null,
    rule text not null,
    state text not null check (state in ('intended', 'sent', 'confirmed', 'rejected', 'unknown')),
    code text not null,
    message text not null,
    request_id text not null,
    intended_at timestamp with time zone not null,
    settled_at timestamp with time zone
);

create index journal_by_plan on journal (plan_id);

create index journal_by_record on journal (record_key);

create index journal_unsettled on journal (vendor, object) where settled_at is null;

create table agreed (
    record_key text not null,
    field text not null,
    value text,
    agreed_at timestamp with time zone not null,
    run_id text not null,
    primary key (record_key, field)
);

create index agreed_by_time on agreed (agreed_at);

create table person_registry (
    record_key text not null primary key,
    person_id text not null,
    founded_at timestamp with time zone
);

create table person_aliases (
    alias text not null primary key,
    person_id text not null
);

create table decisions (
    decision_id text not null primary key,
    sequence bigint not null unique,
    person_id text not null,
    kind text not null,
    team text not null,
    owner_email text not null,
    rule text not null,
    reason text not null,
    decided_at timestamp with time zone not null,
    run_id text not null
);

create table runs (
    run_id text not null,
    kind text not null,
    started_at timestamp with time zone not null,
    ended_at timestamp with time zone,
    status text not null,
    primary key (run_id, kind)
);

create table probes (
    vendor text not null,
    run_id text not null,
    probed_at timestamp with time zone not null,
    ok boolean not null,
    milliseconds bigint,
    message text not null,
    primary key (vendor, run_id, probed_at)
);
