{{ config(tags=['desired']) }}

-- What every CRM should know of a deal: what brought its people, up to its close, and what of it has been credited.
with met as (
    select
        people.opportunity_id,
        touches.channel,
        touches.medium,
        touches.content,
        campaigns.name as campaign_name,
        (touches.occurred_at, touches.touchpoint_id) as place,
        {{ is_source_of('touches', 'people.opportunity_id') }} as is_of_marketing
    from {{ ref('int_opportunity_people') }} as people
    inner join {{ ref('int_credit_deals') }} as deals on people.opportunity_id = deals.opportunity_id
    inner join {{ ref('int_touches') }} as touches on people.person_id = touches.person_id
    left join {{ ref('int_campaigns') }} as campaigns on touches.campaign_id = campaigns.campaign_id
    where touches.is_counted and touches.occurred_at < deals.counts_until and touches.occurred_at <= {{ run_value('as_of') }}
),

summed as (
    select
        opportunity_id,
        count(*) as touch_count,
        arg_min(channel, place) filter (where is_of_marketing) as first_touch_source,
        arg_max(channel, place) filter (where is_of_marketing) as last_touch_source,
        arg_min(campaign_name, place) filter (where is_of_marketing and campaign_name is not null) as first_touch_campaign,
        arg_min(medium, place) filter (where is_of_marketing and medium is not null) as first_touch_medium,
        arg_max(medium, place) filter (where is_of_marketing and medium is not null) as last_touch_medium,
        arg_min(content, place) filter (where is_of_marketing and content is not null) as first_touch_content,
        arg_max(content, place) filter (where is_of_marketing and content is not null) as last_touch_content
    from met
    group by opportunity_id
),

credited as (
    select
        credits.opportunity_id,
        sum(credits.revenue) as attributed_revenue
    from {{ ref('attribution_credits') }} as credits
    inner join {{ source('rules', 'attribution_models') }} as models
        on credits.model = models.model and models.is_written_back
    group by credits.opportunity_id
),

synced as (
    {{ attribution_synced() }}
)

select
    deals.opportunity_id,
    coalesce(summed.touch_count, 0) as touch_count,
    case when synced.sources then summed.first_touch_source end as first_touch_source,
    case when synced.campaigns then substr(summed.first_touch_campaign, 1, 255) end as first_touch_campaign,
    case when synced.sources then summed.last_touch_source end as last_touch_source,
    case when synced.mediums then substr(summed.first_touch_medium, 1, 255) end as first_touch_medium,
    case when synced.content then substr(summed.first_touch_content, 1, 255) end as first_touch_content,
    case when synced.mediums then substr(summed.last_touch_medium, 1, 255) end as last_touch_medium,
    case when synced.content then substr(summed.last_touch_content, 1, 255) end as last_touch_content,
    case
        when synced.revenue then cast(coalesce(credited.attributed_revenue, 0) as decimal(18, 2))
    end as attributed_revenue
from {{ ref('int_opportunities') }} as deals
cross join synced
left join summed on deals.opportunity_id = summed.opportunity_id
left join credited on deals.opportunity_id = credited.opportunity_id
