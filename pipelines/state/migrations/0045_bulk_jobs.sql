-- Jobs that carry rows to a CRM and go on after the call that began them. A row is here before the rows are
-- uploaded; `ended_at` is set once the job can store nothing more.

create table bulk_jobs (
    job_id text not null primary key,
    vendor text not null,
    object text not null,
    rows bigint not null,
    run_id text not null,
    begun_at timestamp with time zone not null,
    state text not null,
    ended_at timestamp with time zone
);
