-- What objects as code has made at the CRMs, as it was when it was made, and deploys that were begun.
create table schema_items (
    vendor text not null,
    org_id text not null,
    kind text not null,
    name text not null,
    content text not null,
    applied_at text not null,
    primary key (vendor, org_id, kind, name)
);
create table schema_deploys (
    deploy_id text primary key,
    org_id text not null,
    content text not null,
    began_at text not null
);
