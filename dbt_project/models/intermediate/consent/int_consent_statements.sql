{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='person_id', follows=['int_consent_told', 'int_address_holders'],
    owned={
        'own_refusals': '
            select owners.person_id as owner, hash(
                own.record_key, own.field, own.is_refusal, own.written_from, own.written_to
            ) as hashed
            from {own_refusals} as own
            inner join (
                select record_key, person_id from {int_person_members}
                union all
                select subscriber_record_key, person_id from {int_subscribers}
            ) as owners on own.record_key = owners.record_key',
        'int_changes_by_others': '
            select members.person_id as owner, hash(ours.record_key, ours.changed_at) as hashed
            from {int_changes_by_others} as ours
            inner join {int_person_members} as members on ours.record_key = members.record_key',
        'stg_hubspot__subscription_changes': '
            select holders.person_id as owner, hash(changes.subscription_id, changes.occurred_at, changes.change) as hashed
            from {stg_hubspot__subscription_changes} as changes
            inner join {int_address_holders} as holders on ' ~ normalize_email('changes.email') ~ ' = holders.address'
    },
    vouched_for=['int_person_members', 'int_person_records', 'int_subscribers', 'int_flag_changes']
) }}
-- What this project carried from one CRM to another comes back like a statement. It is a copy, and says what it copied:
-- its date is that of the latest refusal by somebody else until then, so that no consent is older than its copy alone.
with places as (
    {{ consent_places() }}
),

members as (
    {{ members_due() }}
),

owners as (
    select * from members

    union all

    select
        subscriber_record_key as record_key,
        person_id
    from {{ ref('int_subscribers') }}
    where person_id is not null and {{ is_due('person_id') }}
),

-- What this project wrote, by whom it was about; `is_last` of what it wrote into that field of that record.
written as (
    select
        owners.person_id,
        own.record_key,
        split_part(own.record_key, ':', 1) as vendor,
        coalesce(places.purpose_id, 'all_email') as purpose_id,
        own.is_refusal,
        own.written_from - interval 1 minute as written_from,
        own.written_to + interval 1 minute as written_to,
        row_number() over (partition by own.record_key, own.field order by own.written_to desc) = 1 as is_last
    from {{ source('rules', 'own_refusals') }} as own
    inner join owners on own.record_key = owners.record_key
    left join places
        on
            split_part(own.record_key, ':', 1) = places.vendor
            and own.field = places.field
            and (places.vendor != 'salesforce' or split_part(own.record_key, ':', 3) = places.object)
    where places.purpose_id is not null or own.field in ('hs_email_optout', 'HasOptedOutOfEmail', 'Status')
),

-- When somebody else last changed a record: nobody knows what of it, where there is no history.
touched as (
    select
        records.record_key,
        {{ changed_at('records', 'others') }} as touched_at
    from {{ ref('int_person_records') }} as records
    left join {{ ref('int_changes_by_others') }} as others on records.record_key = others.record_key
),

-- Out of all of HubSpot's subscriptions is out of each.
{%- set is_ours -%}
            said.person_id = written.person_id
            and said.vendor = written.vendor
            and (said.purpose_id = written.purpose_id or (written.vendor = 'hubspot' and written.purpose_id = 'all_email'))
            and written.is_refusal
{%- endset %}

-- A flag without a history is a copy while the last word on it is
-- this project's, and nobody has changed its record since: they may have taken it off, and set it anew for the person.
copies as (
    select
        said.person_id,
        said.purpose_id,
        said.record_key,
        said.address,
        said.vendor,
        max(written.written_to) as written_to
    from {{ ref('int_consent_told') }} as said
    inner join written
        on {{ is_ours }}
    left join touched on said.record_key = touched.record_key
    where
        {{ is_due('said.person_id') }}
        and said.state = 'opted_out'
        and (
            said.changed_at between written.written_from and written.written_to
            or (
                said.changed_at is null
                and said.record_key = written.record_key
                and written.is_last
                and coalesce(touched.touched_at <= written.written_to, true)
            )
        )
    group by said.person_id, said.purpose_id, said.record_key, said.address, said.vendor
),

-- Refusals that somebody else said, also those that do not stand any more: a subscription shows its last word alone.
said_before as (
    select
        holders.person_id,
        'hubspot' as vendor,
        'hubspot:' || changes.subscription_id as purpose_id,
        changes.occurred_at as changed_at
    from {{ ref('stg_hubspot__subscription_changes') }} as changes
    inner join {{ ref('int_address_holders') }} as holders on {{ normalize_email('changes.email') }} = holders.address
    where changes.change = 'UNSUBSCRIBED' and {{ is_due('holders.person_id') }}

    union all

    select
        members.person_id,
        split_part(changes.record_key, ':', 1) as vendor,
        'all_email' as purpose_id,
        changes.changed_at
    from {{ ref('int_flag_changes') }} as changes
    inner join members on changes.record_key = members.record_key
    where changes.field in ('HasOptedOutOfEmail', 'hs_email_optout')
),

originals as (
    select
        told.person_id,
        told.purpose_id,
        told.changed_at
    from {{ ref('int_consent_told') }} as told
    left join copies
        on
            told.record_key = copies.record_key
            and told.address = copies.address
            and told.vendor = copies.vendor
            and told.purpose_id = copies.purpose_id
    where told.state = 'opted_out' and copies.record_key is null and {{ is_due('told.person_id') }}

    union

    select
        said.person_id,
        said.purpose_id,
        said.changed_at
    from said_before as said
    left join written
        on
            {{ is_ours }}
            and said.changed_at between written.written_from and written.written_to
    where written.person_id is null
),

-- Of the same purpose or of all e-mail. All e-mail is refused by refusing every purpose, too.
{%- set is_same = "(copies.purpose_id = originals.purpose_id or originals.purpose_id = 'all_email')" %}
origins as (
    select
        copies.person_id,
        copies.purpose_id,
        copies.record_key,
        copies.address,
        copies.vendor,
        max(copies.written_to) as written_to,
        count(originals.person_id) > 0 as is_known,
        count(originals.person_id) filter (where {{ is_same }}) > 0 as is_known_same,
        count(originals.person_id) filter (where originals.changed_at is null) = 0 as is_dated,
        count(originals.person_id) filter (where originals.changed_at is null and {{ is_same }}) = 0 as is_dated_same,
        max(originals.changed_at) as said_at,
        max(originals.changed_at) filter (where {{ is_same }}) as said_at_same
    from copies
    left join originals
        on
            copies.person_id = originals.person_id
            and (originals.changed_at is null or copies.written_to >= originals.changed_at)
            and (copies.purpose_id = 'all_email' or {{ is_same }})
    group by copies.person_id, copies.purpose_id, copies.record_key, copies.address, copies.vendor
)

select
    told.person_id,
    told.purpose_id,
    told.purpose,
    told.state,
    told.record_key,
    told.vendor,
    case
        when origins.is_known_same and origins.is_dated_same then origins.said_at_same
        when origins.is_known_same then null
        when origins.is_known and origins.is_dated then origins.said_at
        when origins.is_known then null
        -- Its original is gone, lifted already where it was said.
        else coalesce(told.changed_at, origins.written_to)
    end as changed_at,
    told.legal_basis,
    told.address,
    coalesce(origins.person_id is not null, false) as is_copy,
    case told.state when 'opted_out' then 1 when 'opted_in' then 2 else 3 end as strictness
from {{ ref('int_consent_told') }} as told
left join origins
    on
        told.record_key = origins.record_key
        and told.address = origins.address
        and told.vendor = origins.vendor
        and told.purpose_id = origins.purpose_id
where {{ is_due('told.person_id') }}
