-- A flag that is not set says nothing: both CRMs begin with it. Only a refusal is a statement there, and it is one
-- about e-mail of every kind. A HubSpot subscription is kept by address, so it speaks for whoever has the address.
-- A list of Marketing Cloud speaks for the purpose that config/consent.yml says it stands for.
with addresses as (
    select
        record_key,
        email as address
    from {{ ref('int_person_records') }}
    where email is not null

    union

    select
        record_key,
        {{ normalize_email('unnest(additional_emails)') }} as address
    from {{ ref('stg_hubspot__contacts') }}
),

-- An address on several records of one person makes one statement, the HubSpot contact's where it is on one.
holders as (
    select
        members.person_id,
        addresses.address,
        arg_min(
            members.record_key, (members.record_key not like 'hubspot:%', members.record_key)
        ) as record_key
    from addresses
    inner join {{ ref('int_person_members') }} as members on addresses.record_key = members.record_key
    where addresses.address is not null
    group by members.person_id, addresses.address
),

subscriptions as (
    select
        holders.person_id,
        'hubspot:' || statuses.subscription_id as purpose_id,
        coalesce(statuses.subscription_name, statuses.subscription_id) as purpose,
        case statuses.status
            when 'SUBSCRIBED' then 'opted_in'
            when 'NOT_SPECIFIED' then 'not_specified'
            else 'opted_out'
        end as state,
        holders.record_key,
        statuses.changed_at,
        statuses.legal_basis,
        holders.address
    from {{ ref('stg_hubspot__subscription_statuses') }} as statuses
    inner join holders on {{ normalize_email('statuses.email') }} = holders.address
),

-- When the flag was set, where the CRM keeps a history of it.
flag_changes as (
    select
        lead_key as record_key,
        max(changed_at) as changed_at
    from {{ ref('stg_salesforce__lead_history') }}
    where field = 'HasOptedOutOfEmail' and lower(new_value) = 'true'
    group by lead_key

    union all

    select
        {{ record_key('salesforce', 'Contact', 'contact_id') }} as record_key,
        max(created_at) as changed_at
    from {{ ref('stg_salesforce__contact_history') }}
    where field_name = 'HasOptedOutOfEmail' and lower(new_value) = 'true'
    group by contact_id

    union all

    select
        contact_key as record_key,
        max(changed_at) as changed_at
    from {{ ref('stg_hubspot__contacts_property_history') }}
    where property = 'hs_email_optout' and lower(value) = 'true'
    group by contact_key
),

flags as (
    select
        members.person_id,
        'all_email' as purpose_id,
        'All e-mail' as purpose,
        case when records.is_opted_out then 'opted_out' else 'not_specified' end as state,
        members.record_key,
        case when records.is_opted_out then changes.changed_at end as changed_at,
        cast(null as varchar) as legal_basis,
        coalesce(records.email, '') as address
    from {{ ref('int_person_records') }} as records
    inner join {{ ref('int_person_members') }} as members on records.record_key = members.record_key
    left join flag_changes as changes on records.record_key = changes.record_key
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
        and (found.status = 'Unsubscribed' or refused.refused_at is not null)
),

lists as (
    select
        lists.list_id,
        coalesce('hubspot:' || types.subscription_type_id, 'marketing_cloud:' || rules.purpose) as purpose_id,
        coalesce(types.name, rules.purpose) as purpose
    from {{ ref('stg_marketing_cloud__lists') }} as lists
    inner join {{ source('rules', 'consent_lists') }} as rules
        on rules.list in (lower(lists.name), lower(lists.list_key), lists.list_id)
    left join {{ ref('stg_hubspot__subscription_types') }} as types
        on lower(rules.purpose) = lower(types.name) or rules.purpose = types.subscription_type_id
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
            list_id,
            subscriber_key,
            status = 'Unsubscribed' as is_refused,
            coalesce(updated_at, created_at, to_timestamp(0)) as said_at
        from {{ ref('stg_marketing_cloud__list_subscribers') }}
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
        lists.purpose_id,
        lists.purpose,
        'opted_out' as state,
        found.subscriber_record_key as record_key,
        nullif(max(memberships.said_at), to_timestamp(0)) as changed_at,
        cast(null as varchar) as legal_basis,
        coalesce(found.email, '') as address
    from memberships
    inner join lists on memberships.list_id = lists.list_id
    inner join {{ ref('int_subscribers') }} as found on memberships.subscriber_key = found.subscriber_key
    where found.person_id is not null and memberships.is_refused
    group by found.person_id, lists.purpose_id, lists.purpose, found.subscriber_record_key, found.email
),

unioned as (
    select * from flags
    union all
    select * from subscribers
    union all
    select * from left_lists
    union all
    select * from subscriptions
)

select
    unioned.*,
    case unioned.state when 'opted_out' then 1 when 'opted_in' then 2 else 3 end as strictness
from unioned
