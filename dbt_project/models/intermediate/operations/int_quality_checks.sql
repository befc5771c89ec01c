-- A row per object and check: how many values were asked for and how many held.
with lead_checks as (
    select
        count(*) as asked,
        count(email) as has_email,
        count(full_name) as has_name,
        count(account_id) as has_account,
        count(owner_id) as has_owner,
        count(lifecycle_stage) as has_lifecycle_stage,
        count(email) filter (where is_email_valid) as valid_email
    from {{ ref('unified_leads') }}
),

opportunity_checks as (
    select
        count(*) as asked,
        count(amount) as has_amount,
        count(close_date) as has_close_date,
        count(account_id) as has_account,
        count(owner_id) as has_owner,
        count(*) filter (where canonical_stage != 'unmapped') as known_stage,
        count(*) filter (where not is_closed or created_at is null or close_date >= cast(created_at as date))
            as dates_in_order
    from {{ ref('opportunities') }}
)

select
    'unified_leads' as object,
    checks.dimension,
    checks.check_name,
    checks.asked,
    checks.held
from lead_checks
cross join lateral (
    values
    ('completeness', 'email', lead_checks.asked, lead_checks.has_email),
    ('completeness', 'full_name', lead_checks.asked, lead_checks.has_name),
    ('completeness', 'account_id', lead_checks.asked, lead_checks.has_account),
    ('completeness', 'owner_id', lead_checks.asked, lead_checks.has_owner),
    ('completeness', 'lifecycle_stage', lead_checks.asked, lead_checks.has_lifecycle_stage),
    ('accuracy', 'email', lead_checks.has_email, lead_checks.valid_email)
) as checks (dimension, check_name, asked, held)

union all

select
    'opportunities' as object,
    checks.dimension,
    checks.check_name,
    checks.asked,
    checks.held
from opportunity_checks
cross join lateral (
    values
    ('completeness', 'amount', opportunity_checks.asked, opportunity_checks.has_amount),
    ('completeness', 'close_date', opportunity_checks.asked, opportunity_checks.has_close_date),
    ('completeness', 'account_id', opportunity_checks.asked, opportunity_checks.has_account),
    ('completeness', 'owner_id', opportunity_checks.asked, opportunity_checks.has_owner),
    ('accuracy', 'canonical_stage', opportunity_checks.asked, opportunity_checks.known_stage),
    ('accuracy', 'close_date', opportunity_checks.asked, opportunity_checks.dates_in_order)
) as checks (dimension, check_name, asked, held)
