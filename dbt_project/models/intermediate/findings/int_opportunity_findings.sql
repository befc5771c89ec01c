{%- set conditions = {
    'opportunity_without_account': 'account_id is null',
    'opportunity_without_close_date': 'close_date is null',
    'opportunity_without_amount': 'amount is null',
    'opportunity_with_negative_amount': 'amount < 0',
    'opportunity_without_owner': 'owner_id is null',
    'opportunity_without_created_date': 'created_at is null',
    'opportunity_closed_before_created': 'is_closed and created_at is not null and close_date is not null and '
    ~ cycle_days('created_at', 'closed_at', 'close_date') ~ ' is null',
    'opportunity_in_unknown_currency': 'amount is not null and amount_converted is null',
    'opportunity_without_stage': 'stage is null',
    'owner_unknown': "owner_id like '%:unknown-owner:%'",
} -%}
with opportunities as (
    select
        *,
        coalesce(opportunity_id_salesforce, opportunity_id_hubspot) as example_id,
        case when vendor = 'salesforce' then 'Opportunity' else 'deals' end as object
    from {{ ref('int_opportunities') }}
)

{% for finding, condition in conditions.items() %}
    select
        '{{ finding }}' as finding,
        vendor,
        object,
        example_id
    from opportunities
    where {{ condition }}

    union all

{% endfor %}
select
    'stage_unknown_to_config' as finding,
    vendor,
    object,
    stage as example_id
from opportunities
where canonical_stage = 'unmapped' and stage is not null

union all

select
    'opportunity_without_stage_history' as finding,
    vendor,
    object,
    example_id
from opportunities
where opportunity_id not in (select stays.opportunity_id from {{ ref('int_stage_stays') }} as stays)

union all

select
    'owner_inactive' as finding,
    opportunities.vendor,
    opportunities.object,
    opportunities.example_id
from opportunities
inner join {{ ref('int_owners') }} as owners on opportunities.owner_id = owners.owner_id
where not opportunities.is_closed and not owners.is_active
