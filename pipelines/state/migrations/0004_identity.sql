-- Ids of companies and deals live as long as those of people; what was decided of pairs, and trained models.

alter table person_registry add column joined_at timestamp with time zone;

alter table person_aliases add column since timestamp with time zone;

alter table person_aliases add column why text;

alter table person_aliases add column retired_at timestamp with time zone;

create table identity_registry (
    entity text not null,
    record_key text not null,
    id text not null,
    founded_at timestamp with time zone,
    joined_at timestamp with time zone,
    primary key (entity, record_key)
);

create table identity_aliases (
    entity text not null,
    alias text not null,
    id text not null,
    since timestamp with time zone,
    why text,
    retired_at timestamp with time zone,
    primary key (entity, alias)
);

create table identity_decisions (
    left_key text not null,
    right_key text not null,
    entity text not null,
    verdict text not null check (verdict in ('same', 'different')),
    decided_at timestamp with time zone not null,
    primary key (left_key, right_key)
);

create table identity_models (
    entity text not null,
    version text not null,
    trained_at timestamp with time zone not null,
    records bigint not null,
    reason text not null,
    body text not null,
    primary key (entity, version)
);
