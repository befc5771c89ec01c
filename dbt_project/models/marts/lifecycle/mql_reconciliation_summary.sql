select
    crm,
    month,
    reason,
    sum(counted_by_crm) as counted_by_crm,
    sum(counted_by_us) as counted_by_us,
    sum(difference) as difference,
    count(distinct person_id) as people
from {{ ref('mql_reconciliation') }}
group by crm, month, reason
