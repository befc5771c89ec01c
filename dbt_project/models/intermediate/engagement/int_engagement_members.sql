-- What people did that config/engagement.yml makes a campaign member of, with the campaign: the mailing's own, or one that
-- is named.
{{ config(materialized='view') }}

select
    engagements.record_key,
    engagements.person_id,
    engagements.did,
    engagements.mailing,
    engagements.occurred_at,
    rules.status,
    rules.rank,
    rules.status_order,
    rules.create_status,
    coalesce(own.campaign_id_salesforce, named.campaign_id) as campaign_id_salesforce,
    coalesce(own.campaign_id, belongs.campaign_id) as campaign_id
from {{ ref('int_engagements') }} as engagements
inner join {{ source('rules', 'engagement_members') }} as rules
    on {{ is_engagement_of('engagements', 'rules') }}
left join {{ ref('int_campaigns') }} as own
    on case when rules.campaign = 'its own' then engagements.campaign_id end = own.campaign_id
left join {{ ref('stg_salesforce__campaigns') }} as named
    on rules.campaign in (named.name, named.campaign_id)
left join {{ ref('int_campaign_members') }} as belongs on named.record_key = belongs.record_key
where coalesce(own.campaign_id_salesforce, named.campaign_id) is not null
