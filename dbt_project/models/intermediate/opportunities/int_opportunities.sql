{{ config(
    materialized='incremental', unique_key='opportunity_id', named_in='int_opportunity_members',
    gone=[
        'opportunity_id', 'amount', 'amount_converted', 'is_closed', 'is_won', 'created_at', 'closed_at', 'close_date'
    ],
    owned={
        'int_opportunity_members': 'select opportunity_id as owner, hash(record_key) as hashed from {int_opportunity_members}',
        'int_changes_by_others': 'select record_key as owner, hash(changed_at) as hashed from {int_changes_by_others}',
        'int_opportunity_accounts': 'select record_key as owner, hash(account_id) as hashed from {int_opportunity_accounts}'
    },
    reached={
        'int_changes_by_others': deals_of('{moved}', 'hash(members.record_key)'),
        'int_opportunity_accounts': deals_of('{moved}', 'hash(members.record_key)')
    },
    through={
        'int_opportunity_records': deals_of('{due}'),
        'int_owner_records': deals_of(
            "(select record_key from {int_opportunity_records} where vendor || ':' || owner_source_id in {due})"
        )
    },
    shared_columns={'run': 'business_date'}
) }}
with mapped_stages as (
    select
        vendor,
        pipeline,
        lower(stage) as stage,
        canonical_stage
    from {{ source('rules', 'stages') }}
),

-- Who is due is asked first: behind the joins it would be asked of every deal.
members as (
    select
        record_key,
        opportunity_id
    from {{ ref('int_opportunity_members') }}
    where {{ is_due('opportunity_id') }}
),

ranked as (
    select
        members.opportunity_id,
        records.*,
        {{ owner_or_unknown('owners.owner_id', 'records.vendor', 'records.owner_source_id') }} as owner_id,
        accounts.account_id,
        {{ changed_at('records', 'ours') }} as last_changed_at,
        {{ canonical_stage() }} as canonical_stage,
        row_number() over (
            partition by members.opportunity_id
            order by precedence.rank asc, last_changed_at desc nulls last, records.record_key asc
        ) as place,
        row_number() over (
            partition by members.opportunity_id
            order by
                records.amount is null asc,
                {{ survivorship_order(
                    'opportunity', 'amount', 'records.amount', 'precedence.rank', 'last_changed_at',
                    "records.vendor || '.' || records.object"
                ) }},
                records.record_key asc
        ) as place_amount,
        row_number() over (
            partition by members.opportunity_id
            order by
                records.stage is null asc,
                {{ survivorship_order(
                    'opportunity', 'stage', 'records.stage', 'precedence.rank', 'last_changed_at',
                    "records.vendor || '.' || records.object"
                ) }},
                records.record_key asc
        ) as place_stage,
        row_number() over (
            partition by members.opportunity_id
            order by
                records.close_date is null asc,
                {{ survivorship_order(
                    'opportunity', 'close_date', 'records.close_date', 'precedence.rank', 'last_changed_at',
                    "records.vendor || '.' || records.object"
                ) }},
                records.record_key asc
        ) as place_close_date,
        row_number() over (
            partition by members.opportunity_id
            order by
                records.owner_source_id is null asc,
                {{ survivorship_order(
                    'opportunity', 'owner', 'records.owner_source_id', 'precedence.rank', 'last_changed_at',
                    "records.vendor || '.' || records.object"
                ) }},
                records.record_key asc
        ) as place_owner
    from members
    inner join {{ ref('int_opportunity_records') }} as records on members.record_key = records.record_key
    left join {{ ref('int_changes_by_others') }} as ours on members.record_key = ours.record_key
    inner join {{ source('rules', 'precedence') }} as precedence
        on
            precedence.entity = 'opportunity'
            and records.vendor = precedence.vendor
            and records.object = precedence.object
    left join {{ ref('int_owner_records') }} as owners
        on records.vendor = owners.vendor and records.owner_source_id = owners.source_id
    left join {{ ref('int_opportunity_accounts') }} as accounts on members.record_key = accounts.record_key
    {{ stages_as_mapped('records', 'records.stage_label') }}
),

-- Stage and outcome come from one record, so that they agree; the rest from the first that has a value.
grouped as (
    select
        opportunity_id,
        {{ pick('name', 'place') }} as name,
        {{ pick('account_id', 'place') }} as account_id,
        {{ pick('owner_id', 'place_owner') }} as owner_id,
        {{ pick('pipeline', 'place') }} as pipeline,
        max(stage) filter (where place_stage = 1) as stage,
        max(stage_label) filter (where place_stage = 1) as stage_label,
        max(canonical_stage) filter (where place_stage = 1) as canonical_stage,
        max(vendor) filter (where place_stage = 1) as vendor,
        {{ pick('amount', 'place_amount') }} as amount,
        coalesce(
            arg_min(currency, place_amount) filter (where amount is not null and currency is not null),
            {{ pick('currency', 'place') }}
        ) as currency,
        {{ pick('probability', 'place') }} as probability,
        {{ pick('type', 'place') }} as type,
        {{ pick('lead_source', 'place') }} as lead_source,
        {{ pick('lost_reason', 'place') }} as lost_reason,
        {{ pick('won_reason', 'place') }} as won_reason,
        {{ pick('campaign_key', 'place') }} as campaign_id,
        coalesce(bool_or(is_closed) filter (where place_stage = 1), false) as is_closed,
        coalesce(bool_or(is_won) filter (where place_stage = 1), false) as is_won,
        max(close_date) filter (where place_close_date = 1) as close_date,
        max(close_at) filter (where place_close_date = 1) as close_at,
        min(created_at) as created_at,
        max(updated_at) as updated_at,
        max(record_key) filter (where place_amount = 1) as amount_from,
        max(record_key) filter (where place_stage = 1) as stage_from,
        max(record_key) filter (where place_close_date = 1) as close_date_from,
        max(record_key) filter (where place_owner = 1) as owner_from,
        arg_min(record_id, place) filter (where vendor = 'hubspot') as opportunity_id_hubspot,
        arg_min(record_id, place) filter (where vendor = 'salesforce') as opportunity_id_salesforce,
        count(*) as records
    from ranked
    group by opportunity_id
),

priced as (
    select
        grouped.*,
        case when grouped.is_closed then grouped.close_at end as closed_at,
        -- The rate of the day: of the close for a deal that is closed, of today for one that is open.
        case
            when grouped.is_closed then coalesce(grouped.close_date, {{ run_value('business_date') }})
            else {{ run_value('business_date') }}
        end as rate_date
    from grouped
),

rated as (
    select
        priced.opportunity_id,
        arg_min(rates.rate, rates.rank) as rate
    from priced
    inner join {{ ref('int_exchange_rates') }} as rates
        on
            priced.currency = rates.currency
            and coalesce(priced.rate_date >= rates.from_date, true)
            and coalesce(priced.rate_date < rates.until_date, true)
    group by priced.opportunity_id
)

select
    priced.*,
    cast(
        case
            when coalesce(priced.currency, '') = coalesce({{ run_value('company_currency') }}, '') then priced.amount
            else round(cast(priced.amount as double) * rated.rate, 2)
        end as decimal(18, 2)
    ) as amount_converted
from priced
left join rated on priced.opportunity_id = rated.opportunity_id
