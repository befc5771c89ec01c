-- Fields and rules that standard objects had beside the model at the last apply: what comes later was added by hand.
create table schema_beside (
    vendor text not null,
    org_id text not null,
    object text not null,
    names text not null,
    primary key (vendor, org_id, object)
);
