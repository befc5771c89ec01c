-- Calls that a CRM grants in a day and how many were left when it was asked last: what a plan is held against.

create table api_days (
    vendor text not null primary key,
    allowed bigint not null,
    remaining bigint not null,
    said_at timestamp with time zone not null
);
