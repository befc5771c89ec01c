-- A flag that is not set says nothing: both CRMs begin with it. Only a refusal is a statement there, and it is one
-- about e-mail of every kind, or of the purpose that config/consent.yml names the flag for. A HubSpot subscription is
-- kept by address, so it speaks for whoever has the address. A list of Marketing Cloud speaks for its purpose.
--
-- What this project carried from one CRM to another comes back like a statement. It is a copy, and says what it copied:
-- its date is that of the latest refusal by somebody else until then, so that no consent is older than its copy alone.
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
        'hubspot' as vendor,
        statuses.changed_at,
        statuses.legal_basis,
        holders.address
    from {{ ref('stg_hubspot__subscription_statuses') }} as statuses
    inner join holders on {{ normalize_email('statuses.email') }} = holders.address
),

places as (
    select
        places.vendor,
        places.object,
        places.field,
        places.place_id,
        purposes.purpose_id,
        purposes.label as purpose
    from {{ source('rules', 'consent_places') }} as places
    inner join {{ source('rules', 'consent_purposes') }} as purposes on places.purpose = purposes.purpose
),

-- When a flag was set, where the CRM keeps a history of it.
flag_changes as (
    select
        lead_key as record_key,
        field,
        changed_at
    from {{ ref('stg_salesforce__lead_history') }}
    where
        lower(new_value) = 'true'
        and (field = 'HasOptedOutOfEmail' or field in (select places.field from places))

    union all

    select
        {{ record_key('salesforce', 'Contact', 'contact_id') }} as record_key,
        field_name as field,
        created_at as changed_at
    from {{ ref('stg_salesforce__contact_history') }}
    where
        lower(new_value) = 'true'
        and (field_name = 'HasOptedOutOfEmail' or field_name in (select places.field from places))

    union all

    select
        contact_key as record_key,
        property as field,
        changed_at
    from {{ ref('stg_hubspot__contacts_property_history') }}
    where property = 'hs_email_optout' and lower(value) = 'true'
),

latest_changes as (
    select
        record_key,
        field,
        max(changed_at) as changed_at
    from flag_changes
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
    inner join {{ ref('int_person_members') }} as members on records.record_key = members.record_key
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
    inner join {{ ref('int_person_members') }} as members on flags.record_key = members.record_key
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
    where found.person_id is not null and memberships.is_refused
    group by found.person_id, places.purpose_id, places.purpose, found.subscriber_record_key, found.email
),

told as (
    select * from flags
    union all
    select * from purpose_flags
    union all
    select * from subscribers
    union all
    select * from left_lists
    union all
    select * from subscriptions
),

owners as (
    select
        record_key,
        person_id
    from {{ ref('int_person_members') }}

    union all

    select
        subscriber_record_key as record_key,
        person_id
    from {{ ref('int_subscribers') }}
    where person_id is not null
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
    from told as said
    inner join written
        on {{ is_ours }}
    left join touched on said.record_key = touched.record_key
    where
        said.state = 'opted_out'
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
    inner join holders on {{ normalize_email('changes.email') }} = holders.address
    where changes.change = 'UNSUBSCRIBED'

    union all

    select
        members.person_id,
        split_part(changes.record_key, ':', 1) as vendor,
        'all_email' as purpose_id,
        changes.changed_at
    from flag_changes as changes
    inner join {{ ref('int_person_members') }} as members on changes.record_key = members.record_key
    where changes.field in ('HasOptedOutOfEmail', 'hs_email_optout')
),

originals as (
    select
        told.person_id,
        told.purpose_id,
        told.changed_at
    from told
    left join copies
        on
            told.record_key = copies.record_key
            and told.address = copies.address
            and told.vendor = copies.vendor
            and told.purpose_id = copies.purpose_id
    where told.state = 'opted_out' and copies.record_key is null

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
from told
left join origins
    on
        told.record_key = origins.record_key
        and told.address = origins.address
        and told.vendor = origins.vendor
        and told.purpose_id = origins.purpose_id
        and told.state = 'opted_out'
