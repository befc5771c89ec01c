-- What cannot be worked out again once a day is over: its pipeline and its KPIs, as the day's last run saw them. And
-- the records that the last plan held back, with the reason.

create table kept_days (
    kind text not null,
    day text not null,
    content text not null,
    primary key (kind, day)
);

create table held_rows (
    sync text not null,
    record_id text not null,
    record_key text not null,
    reason text not null,
    plan_id text not null,
    primary key (sync, record_id)
);
