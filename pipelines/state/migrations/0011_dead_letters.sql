-- What a CRM refused, with its words: not sent again as it is until it is released. A row per field of a record
-- (record_key, field) or per action (action_key, ''), as `letter_id`.

create table dead_letters (
    letter_id text not null primary key,
    sync text not null,
    vendor text not null,
    object text not null,
    record_id text not null,
    record_key text not null,
    field text not null,
    action_key text not null,
    value text,
    category text not null,
    code text not null,
    message text not null,
    remedy text not null,
    run_id text not null,
    attempts bigint not null,
    failed_at timestamp with time zone not null,
    released_at timestamp with time zone
);
