-- The lifecycle stage that a handoff has set: a person whom HubSpot does not know stands in it for no CRM to read.
alter table handoffs add column stage text not null default '';
