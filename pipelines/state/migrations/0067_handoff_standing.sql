-- What the records' statuses were when somebody was handed over (only another one is sales' answer), and the actions
-- that could not be made then: a handoff is not complete before they are.
alter table handoffs add column statuses text not null default '';
alter table handoffs add column undone text not null default '';
