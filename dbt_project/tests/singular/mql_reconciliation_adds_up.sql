-- For each CRM the people counted are all people qualified, and the records counted all records that ever were.
with reconciled as (
    select
        crm,
        sum(counted_by_us) as ours,
        sum(counted_by_crm) as theirs
    from {{ ref('mql_reconciliation_summary') }}
    group by crm
)

select
    reconciled.crm,
    reconciled.ours,
    reconciled.theirs
from reconciled
where
    reconciled.ours != (select count(*) from {{ ref('unified_leads') }} as leads where leads.mql_at is not null)
    or reconciled.theirs != (
        select count(distinct history.record_key)
        from {{ ref('lifecycle_history') }} as history
        where history.canonical_stage = 'marketing_qualified_lead' and history.source = reconciled.crm
    )
