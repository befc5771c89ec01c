-- The journal takes actions too: what is done once under a key of its own instead of a field that is changed.
-- `operation` is 'update' for a field, else the kind of the action; `after_value` then holds its payload.

alter table journal add column operation text not null default 'update';

alter table journal add column action_key text not null default '';

alter table journal add column needs text not null default '';

alter table journal add column person_id text not null default '';

alter table journal add column result_id text not null default '';

alter table journal add column reversibility text not null default 'reversible';

create unique index journal_by_action on journal (action_key) where action_key <> '';

create index journal_by_person on journal (person_id, intended_at) where person_id <> '';
