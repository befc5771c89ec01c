-- What people said about conflicts that a mapping leaves to them; the id is of these very values, so that a later change is another one.

create table conflict_choices (
    conflict_id text not null primary key,
    left_key text not null,
    right_key text not null,
    field_left text not null,
    field_right text not null,
    choice text not null check (choice in ('hubspot', 'salesforce', 'value')),
    left_value text,
    right_value text,
    chosen_by text not null,
    chosen_at timestamp with time zone not null
);
