-- A choice is about what both sides held and had agreed on, also once one of them holds what was chosen.
alter table conflict_choices add column held_left text;
alter table conflict_choices add column held_right text;
alter table conflict_choices add column agreed_left text;
alter table conflict_choices add column agreed_right text;
