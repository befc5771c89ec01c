-- Handoffs from marketing to sales, each with its state; whose score has crossed a threshold; what automations have
-- fired; and what was decided to be done, until the journal knows it as done.

create table handoffs (
    handoff_id text not null primary key,
    handoff text not null,
    person_id text not null,
    state text not null,
    owner_email text not null,
    reason text not null,
    offered_at timestamp with time zone not null,
    changed_at timestamp with time zone not null,
    completed_at timestamp with time zone,
    run_id text not null
);

create table handoff_scores (
    handoff text not null,
    person_id text not null,
    is_armed boolean not null,
    crossings bigint not null,
    primary key (handoff, person_id)
);

create table automation_firings (
    firing_id text not null primary key,
    automation text not null,
    opportunity_id text not null,
    event_key text not null,
    fired_at timestamp with time zone not null,
    run_id text not null
);

create table decision_actions (
    action_key text not null primary key,
    person_id text not null,
    content text not null,
    made_at timestamp with time zone not null,
    run_id text not null
);
