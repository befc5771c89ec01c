-- When somebody else last changed a record that this project has written to since: the CRM's own stamp is of our write.

create table others_changes (
    record_key text not null primary key,
    changed_at timestamp with time zone not null
);
