with mapped_stages as (
    select
        vendor,
        pipeline,
        lower(stage) as stage,
        canonical_stage
    from {{ source('rules', 'stages') }}
),

ranked as (
    select
        members.opportunity_id,
        records.*,
        {{ owner_or_unknown('owners.owner_id', 'records.vendor', 'records.owner_source_id') }} as owner_id,
        accounts.account_id,
        coalesce(
            by_pipeline.canonical_stage, by_id.canonical_stage, by_label.canonical_stage, 'unmapped'
        ) as canonical_stage,
        row_number() over (
            partition by members.opportunity_id
            order by precedence.rank asc, records.updated_at desc nulls last, records.record_key asc
        ) as place
    from {{ ref('int_opportunity_members') }} as members
    inner join {{ ref('int_opportunity_records') }} as records on members.record_key = records.record_key
    inner join {{ source('rules', 'precedence') }} as precedence
        on
            precedence.entity = 'opportunity'
            and records.vendor = precedence.vendor
            and records.object = precedence.object
    left join {{ ref('int_owner_records') }} as owners
        on records.vendor = owners.vendor and records.owner_source_id = owners.source_id
    left join {{ ref('int_opportunity_accounts') }} as accounts on members.record_key = accounts.record_key
    left join mapped_stages as by_pipeline
        on
            records.vendor = by_pipeline.vendor
            and records.pipeline = by_pipeline.pipeline
            and lower(records.stage) = by_pipeline.stage
    left join mapped_stages as by_id
        on records.vendor = by_id.vendor and by_id.pipeline = '*' and lower(records.stage) = by_id.stage
    left join mapped_stages as by_label
        on
            records.vendor = by_label.vendor
            and by_label.pipeline = '*'
            and lower(records.stage_label) = by_label.stage
),

-- Stage, dates and outcome come from one record, so that they agree; the rest from the first that has a value.
grouped as (
    select
        opportunity_id,
        {{ pick('name', 'place') }} as name,
        {{ pick('account_id', 'place') }} as account_id,
        {{ pick('owner_id', 'place') }} as owner_id,
        {{ pick('pipeline', 'place') }} as pipeline,
        max(stage) filter (where place = 1) as stage,
        max(stage_label) filter (where place = 1) as stage_label,
        max(canonical_stage) filter (where place = 1) as canonical_stage,
        max(vendor) filter (where place = 1) as vendor,
        {{ pick('amount', 'place') }} as amount,
        coalesce(
            arg_min(currency, place) filter (where amount is not null and currency is not null),
            {{ pick('currency', 'place') }}
        ) as currency,
        {{ pick('probability', 'place') }} as probability,
        {{ pick('type', 'place') }} as type,
        {{ pick('lead_source', 'place') }} as lead_source,
        {{ pick('lost_reason', 'place') }} as lost_reason,
        {{ pick('campaign_key', 'place') }} as campaign_id,
        coalesce(bool_or(is_closed) filter (where place = 1), false) as is_closed,
        coalesce(bool_or(is_won) filter (where place = 1), false) as is_won,
        max(close_date) filter (where place = 1) as close_date,
        max(close_at) filter (where place = 1) as close_at,
        min(created_at) as created_at,
        max(updated_at) as updated_at,
        arg_min(record_id, place) filter (where vendor = 'hubspot') as opportunity_id_hubspot,
        arg_min(record_id, place) filter (where vendor = 'salesforce') as opportunity_id_salesforce,
        count(*) as records
    from ranked
    group by opportunity_id
)

select
    grouped.*,
    case when grouped.is_closed then grouped.close_at end as closed_at,
    case
        when coalesce(grouped.currency, '') = coalesce({{ run_value('company_currency') }}, '') then grouped.amount
    end as amount_converted
from grouped
