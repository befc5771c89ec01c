-- Calls that we made of a vendor's in a day, by its clock: of a vendor that tells nobody what is left.

create table calls_made (
    vendor text not null,
    day text not null,
    calls bigint not null,
    primary key (vendor, day)
);
