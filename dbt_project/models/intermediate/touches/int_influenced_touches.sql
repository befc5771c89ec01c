{{ config(materialized='watched', unique_key=touched_record()) }}
-- Whom a campaign of HubSpot's influenced, by its report: the nearest that HubSpot has to a campaign's members. It says who,
-- not what they did nor when: no response, and dated by the day on which the campaign began, or the contact did if later.
with members as (
    select
        members.record_key as source_record_key,
        {{ record_key('hubspot', 'contacts', 'members.contact_id') }} as record_key,
        belongs.campaign_id,
        unified.type as match_value,
        campaigns.name as detail,
        greatest(
            {{ utc_midnight('coalesce(campaigns.start_date, cast(campaigns.created_at as date))') }}, contacts.created_at
        ) as occurred_at,
        coalesce(
            campaigns.start_date is not null and {{ utc_midnight('campaigns.start_date') }} >= contacts.created_at,
            campaigns.start_date is not null
        ) as is_day
    from {{ ref('stg_hubspot__campaign_contacts') }} as members
    inner join {{ ref('stg_hubspot__campaigns') }} as campaigns on members.campaign_id = campaigns.campaign_id
    left join {{ ref('stg_hubspot__contacts') }} as contacts on members.contact_id = contacts.contact_id
    left join {{ ref('int_campaign_members') }} as belongs on campaigns.record_key = belongs.record_key
    left join {{ ref('int_campaigns') }} as unified on belongs.campaign_id = unified.campaign_id
),

channelled as (
    {{ with_channels('members', 'salesforce', 'campaign_type') }}
)

select
    *,
    'influenced' as kind,
    'membership' as touch_type,
    'Influenced' as content,
    false as is_response
from channelled
