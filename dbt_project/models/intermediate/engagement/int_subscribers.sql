-- A subscriber's key is a lead's or contact's id where Marketing Cloud Connect made it, an address elsewhere. Whoever
-- has neither is found by the e-mail address; of several records with it the oldest speaks. The connection makes contacts
-- of leads and contacts, and a contact is a subscriber with the first e-mail only: one without a status was never mailed.
with known as (
    select
        record_key,
        subscriber_key,
        subscriber_id,
        email,
        status,
        created_at,
        unsubscribed_at
    from {{ ref('stg_marketing_cloud__subscribers') }}

    union all

    select
        {{ record_key('marketing_cloud', 'Subscriber', 'contacts.contact_key') }} as record_key,
        contacts.contact_key as subscriber_key,
        null as subscriber_id,
        null as email,
        null as status,
        contacts.created_at,
        null as unsubscribed_at
    from {{ ref('stg_marketing_cloud__contacts') }} as contacts
    left join {{ ref('stg_marketing_cloud__subscribers') }} as mailed on contacts.contact_key = mailed.subscriber_key
    where
        mailed.subscriber_key is null
        and contacts.status = 'Active'
        and contacts.contact_key similar to '(00Q|003)[0-9A-Za-z]{15}'
),

subscribers as (
    select
        *,
        {{ lead_or_contact_id('subscriber_key') }} as salesforce_id,
        {{ normalize_email('email') }} as address
    from known
),

by_address as (
    select
        records.email as address,
        arg_min(members.person_id, (records.created_at, records.record_key)) as person_id,
        arg_min(records.record_key, (records.created_at, records.record_key)) as record_key
    from {{ ref('int_person_records') }} as records
    inner join {{ ref('int_person_members') }} as members on records.record_key = members.record_key
    where records.email in (select subscribers.address from subscribers)
    group by records.email
),

found as (
    select
        subscribers.*,
        case
            when subscribers.salesforce_id like '003%' then 'contact_id'
            when subscribers.salesforce_id like '00Q%' then 'lead_id'
            when subscribers.subscriber_key like '%@%' then 'email'
            else 'other'
        end as key_kind,
        {{ lead_or_contact_key('subscribers.salesforce_id') }} as keyed_record_key
    from subscribers
)

select
    found.record_key as subscriber_record_key,
    found.subscriber_key,
    found.subscriber_id,
    found.key_kind,
    found.salesforce_id,
    coalesce(found.address, keyed.email) as email,
    found.status,
    found.created_at,
    found.unsubscribed_at,
    case
        when registry.person_id is not null then found.keyed_record_key else by_address.record_key
    end as record_key,
    coalesce(registry.person_id, by_address.person_id) as person_id,
    case
        when registry.person_id is not null then 'subscriber_key'
        when by_address.person_id is not null then 'email'
    end as matched_by,
    -- A key that names a living record goes before one that only the address leads to, whose record is gone. Of those
    -- the contact's key is the one of somebody who was a lead; of several the latest.
    row_number() over (
        partition by coalesce(registry.person_id, by_address.person_id, found.record_key)
        order by
            registry.person_id is null asc,
            case found.key_kind when 'contact_id' then 1 when 'lead_id' then 2 else 3 end asc,
            found.created_at desc,
            found.subscriber_key asc
    ) = 1 as is_current_key
from found
left join {{ ref('int_person_members') }} as registry on found.keyed_record_key = registry.record_key
left join {{ ref('int_person_records') }} as keyed on found.keyed_record_key = keyed.record_key
left join by_address on found.address = by_address.address
