-- The score with which somebody was handed over: what sales made of them judges it.
alter table handoffs add column lead_score bigint;
