-- Merges of likely duplicates, the worst first, in the CRMs and objects that identity.yml names; none unless it does.
with policy as (
    select
        list(value) filter (where setting = 'merge_object') as objects,
        max(try_cast(value as double)) filter (where setting = 'merge_from') as least_probability,
        max(try_cast(value as bigint)) filter (where setting = 'merge_at_most') as at_most
    from {{ source('rules', 'identity') }}
),

-- What each record was known by when the two were compared: a merge asks the CRM whether that still holds.
known as (
    select
        record_key,
        {{ known_by(['first_name', 'last_name', 'email']) }} as seen
    from {{ ref('stg_hubspot__contacts') }}

    union all

    select
        record_key,
        {{ known_by(['name', 'domain']) }} as seen
    from {{ ref('stg_hubspot__companies') }}

    union all

    select
        record_key,
        {{ known_by(['first_name', 'last_name', 'email']) }} as seen
    from {{ ref('stg_salesforce__leads') }}

    union all

    select
        record_key,
        {{ known_by(['first_name', 'last_name', 'email']) }} as seen
    from {{ ref('stg_salesforce__contacts') }}

    union all

    select
        record_key,
        {{ known_by(['name', 'website']) }} as seen
    from {{ ref('stg_salesforce__accounts') }}
),

proposed as (
    select
        duplicates.*,
        policy.at_most,
        row_number() over (order by duplicates.rank, duplicates.record_key) as place
    from {{ ref('duplicate_records') }} as duplicates
    inner join policy
        on
            list_contains(policy.objects, duplicates.source || '.' || duplicates.source_object)
            and duplicates.match_probability >= policy.least_probability
    where duplicates.certainty = 'same'
)

select
    'merge:' || {{ short_hash("proposed.survivor_record_key || proposed.record_key || kept.seen || gone.seen") }} as action_key,
    'merges' as sync,
    'merge' as kind,
    proposed.source as vendor,
    proposed.source_object as object,
    proposed.survivor_record_key as record_key,
    case when proposed.entity = 'person' then proposed.id end as person_id,
    cast(
        json_object(
            'survivor_id', proposed.survivor_id,
            'other_id', proposed.source_id,
            'survivor_seen', kept.seen,
            'other_seen', gone.seen
        ) as varchar
    ) as payload,
    cast(null as varchar) as needs,
    'computed' as provider,
    'identity.yml' as rule,
    'it is merged into ' || proposed.survivor_id || ' (' || proposed.survivor_reason || '): '
    || coalesce(proposed.matched_by, 'one record founded both') || ', ' || proposed.damage as reason,
    'final' as reversibility,
    cast(null as timestamptz) as due_at
from proposed
inner join known as kept on proposed.survivor_record_key = kept.record_key
inner join known as gone on proposed.record_key = gone.record_key
where proposed.place <= proposed.at_most
