{%- set of_members = 'inner join {int_person_members} as members on told.record_key = members.record_key' -%}
{%- set of_subscribers = 'inner join {int_subscribers} as found on told.subscriber_key = found.subscriber_key' -%}
{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='person_id', follows=['int_address_holders'],
    through={
        'int_person_records': people_of('{due}'),
        'int_person_members': people_moved(),
        'int_subscriptions': '
            select holders.person_id as owner from {int_address_holders} as holders where hash(holders.address) in {due}'
    },
    owned={
        'int_flag_changes': 'select members.person_id as owner, hash(told) as hashed from {int_flag_changes} as told ' ~ of_members,
        'consent_flags': '
            select members.person_id as owner, hash(told.record_key, told.field, told.purpose) as hashed
            from {consent_flags} as told ' ~ of_members ~ ' where told.is_refused',
        'int_subscribers': '
            select person_id as owner, hash(
                subscriber_record_key, subscriber_key, email, status, unsubscribed_at
            ) as hashed
            from {int_subscribers}',
        'stg_marketing_cloud__complaints': '
            select found.person_id as owner, hash(told.subscriber_key, told.occurred_at) as hashed
            from {stg_marketing_cloud__complaints} as told ' ~ of_subscribers,
        'stg_marketing_cloud__unsubscribe_events': '
            select found.person_id as owner, hash(
                told.subscriber_key, told.list_id, told.is_master_unsubscribed, told.occurred_at
            ) as hashed
            from {stg_marketing_cloud__unsubscribe_events} as told ' ~ of_subscribers,
        'stg_marketing_cloud__list_subscribers': '
            select found.person_id as owner, hash(
                told.subscriber_key, told.list_id, told.status, told.created_at, told.updated_at
            ) as hashed
            from {stg_marketing_cloud__list_subscribers} as told ' ~ of_subscribers,
        'own_refusals': '
            select found.person_id as owner, hash(
                told.record_key, told.field, told.is_refusal, told.written_from, told.written_to
            ) as hashed
            from {own_refusals} as told
            inner join {int_subscribers} as found on split_part(told.record_key, \':\', 4) = found.subscriber_key'
    }
) }}
-- A flag that is not set says nothing: both CRMs begin with it. Only a refusal is a statement there, and it is one
-- about e-mail of every kind, or of the purpose that config/consent.yml names the flag for. A HubSpot subscription is
-- kept by address, so it speaks for whoever has the address. A list of Marketing Cloud speaks for its purpose.
with members as (
    {{ members_due() }}
),

subscriptions as (
    select
        holders.person_id,
        'hubspot:' || told.subscription_id as purpose_id,
        coalesce(told.subscription_name, told.subscription_id) as purpose,
        case told.status
            when 'SUBSCRIBED' then 'opted_in'
            when 'NOT_SPECIFIED' then 'not_specified'
            else 'opted_out'
        end as state,
        holders.record_key,
        'hubspot' as vendor,
        told.changed_at,
        told.legal_basis,
        holders.address
    from {{ ref('int_subscriptions') }} as told
    inner join {{ ref('int_address_holders') }} as holders on told.address = holders.address
    where {{ is_due('holders.person_id') }}
),

places as (
    {{ consent_places() }}
),

latest_changes as (
    select
        record_key,
        field,
        max(changed_at) as changed_at
    from {{ ref('int_flag_changes') }}
    group by record_key, field
),

flags as (
    select
        members.person_id,
        'all_email' as purpose_id,
        'All e-mail' as purpose,
        case when records.is_opted_out then 'opted_out' else 'not_specified' end as state,
        members.record_key,
        split_part(members.record_key, ':', 1) as vendor,
        case when records.is_opted_out then changes.changed_at end as changed_at,
        cast(null as varchar) as legal_basis,
        coalesce(records.email, '') as address
    from {{ ref('int_person_records') }} as records
    inner join members on records.record_key = members.record_key
    left join latest_changes as changes
        on records.record_key = changes.record_key and changes.field in ('HasOptedOutOfEmail', 'hs_email_optout')
),

purpose_flags as (
    select
        members.person_id,
        purposes.purpose_id,
        purposes.label as purpose,
        'opted_out' as state,
        members.record_key,
        'salesforce' as vendor,
        changes.changed_at,
        cast(null as varchar) as legal_basis,
        coalesce(records.email, '') as address
    from {{ source('rules', 'consent_flags') }} as flags
    inner join {{ source('rules', 'consent_purposes') }} as purposes on flags.purpose = purposes.purpose
    inner join members on flags.record_key = members.record_key
    inner join {{ ref('int_person_records') }} as records on flags.record_key = records.record_key
    left join latest_changes as changes
        on flags.record_key = changes.record_key and flags.field = changes.field
    where flags.is_refused
),

-- Left all lists, or called an e-mail spam: told by the event, before the status is read again.
refused as (
    select
        subscriber_key,
        max(occurred_at) as refused_at
    from (
        select
            subscriber_key,
            occurred_at
        from {{ ref('stg_marketing_cloud__complaints') }}
        union all
        select
            subscriber_key,
            occurred_at
        from {{ ref('stg_marketing_cloud__unsubscribe_events') }}
        where is_master_unsubscribed
    ) as events
    group by subscriber_key
),

-- Whoever left all lists of Marketing Cloud, or called an e-mail spam, refuses e-mail of every kind.
subscribers as (
    select
        found.person_id,
        'all_email' as purpose_id,
        'All e-mail' as purpose,
        'opted_out' as state,
        found.subscriber_record_key as record_key,
        'marketing_cloud' as vendor,
        -- A refusal without a date stands, whatever else is known.
        case
            when found.status = 'Unsubscribed' and found.unsubscribed_at is null then null
            else greatest(found.unsubscribed_at, refused.refused_at)
        end as changed_at,
        cast(null as varchar) as legal_basis,
        coalesce(found.email, '') as address
    from {{ ref('int_subscribers') }} as found
    left join refused on found.subscriber_key = refused.subscriber_key
    where
        found.person_id is not null
        and {{ is_due('found.person_id') }}
        and (found.status = 'Unsubscribed' or refused.refused_at is not null)
),

-- What this project put back on a list says nothing anew: whoever left it meanwhile has left it.
put_back as (
    select
        places.place_id as list_id,
        split_part(own.record_key, ':', 4) as subscriber_key,
        own.written_from - interval 1 minute as written_from,
        own.written_to + interval 1 minute as written_to
    from {{ source('rules', 'own_refusals') }} as own
    inner join places on own.field = places.field and places.vendor = 'marketing_cloud'
    where not own.is_refusal and own.record_key like 'marketing_cloud:%'
),

-- What somebody is on a single list, by the latest that is told: its status, or that they left it.
memberships as (
    select
        list_id,
        subscriber_key,
        arg_max(is_refused, (said_at, is_refused)) as is_refused,
        max(said_at) as said_at
    from (
        select
            members.list_id,
            members.subscriber_key,
            members.status = 'Unsubscribed' as is_refused,
            case
                when put_back.list_id is null then coalesce(members.updated_at, members.created_at, to_timestamp(0))
                else to_timestamp(0)
            end as said_at
        from {{ ref('stg_marketing_cloud__list_subscribers') }} as members
        left join put_back
            on
                members.list_id = put_back.list_id
                and members.subscriber_key = put_back.subscriber_key
                and members.status != 'Unsubscribed'
                and members.updated_at between put_back.written_from and put_back.written_to
        union all
        select
            list_id,
            subscriber_key,
            true as is_refused,
            occurred_at as said_at
        from {{ ref('stg_marketing_cloud__unsubscribe_events') }}
        where not is_master_unsubscribed
    ) as told
    group by list_id, subscriber_key
),

-- Who left a list that stands for a purpose refuses it; being on one is no agreement.
left_lists as (
    select
        found.person_id,
        places.purpose_id,
        places.purpose,
        'opted_out' as state,
        found.subscriber_record_key as record_key,
        'marketing_cloud' as vendor,
        nullif(max(memberships.said_at), to_timestamp(0)) as changed_at,
        cast(null as varchar) as legal_basis,
        coalesce(found.email, '') as address
    from memberships
    inner join places on memberships.list_id = places.place_id and places.vendor = 'marketing_cloud'
    inner join {{ ref('int_subscribers') }} as found on memberships.subscriber_key = found.subscriber_key
    where found.person_id is not null and memberships.is_refused and {{ is_due('found.person_id') }}
    group by found.person_id, places.purpose_id, places.purpose, found.subscriber_record_key, found.email
)

select * from flags
union all
select * from purpose_flags
union all
select * from subscribers
union all
select * from left_lists
union all
select * from subscriptions
