select
    'person' as entity,
    record_key as alias,
    id,
    since,
    why
from {{ ref('int_people_resolved') }}
where kind = 'alias'

union all

select
    'account' as entity,
    record_key as alias,
    id,
    since,
    why
from {{ ref('int_accounts_resolved') }}
where kind = 'alias'

union all

select
    'opportunity' as entity,
    record_key as alias,
    id,
    since,
    why
from {{ ref('int_opportunities_resolved') }}
where kind = 'alias'
