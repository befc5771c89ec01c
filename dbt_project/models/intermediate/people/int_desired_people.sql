{{ config(tags=['desired']) }}

-- What every CRM should know of a person, whatever the CRM calls the fields.
with credited as (
    select
        credits.person_id,
        sum(credits.revenue_converted) as attributed_revenue
    from {{ ref('attribution_credits') }} as credits
    inner join {{ source('rules', 'attribution_models') }} as models
        on credits.model = models.model and models.is_written_back
    group by credits.person_id
),

synced as (
    {{ attribution_synced() }}
)

select
    leads.person_id,
    leads.lead_score,
    leads.lifecycle_stage,
    case when synced.sources then leads.first_touch_channel end as first_touch_channel,
    case when synced.campaigns then substr(leads.first_touch_campaign, 1, 255) end as first_touch_campaign,
    case when synced.sources then leads.last_touch_channel end as last_touch_channel,
    case when synced.mediums then substr(touched.first_touch_medium, 1, 255) end as first_touch_medium,
    case when synced.content then substr(touched.first_touch_content, 1, 255) end as first_touch_content,
    case when synced.mediums then substr(touched.last_touch_medium, 1, 255) end as last_touch_medium,
    case when synced.content then substr(touched.last_touch_content, 1, 255) end as last_touch_content,
    leads.touches as touch_count,
    case
        when synced.revenue then cast(coalesce(credited.attributed_revenue, 0) as decimal(18, 2))
    end as attributed_revenue,
    owners.owner_id_hubspot as assigned_owner_id_hubspot,
    owners.owner_id_salesforce as assigned_owner_id_salesforce,
    -- Only from them are records taken.
    assigned.taken_from
from {{ ref('unified_leads') }} as leads
cross join synced
left join {{ ref('int_person_touches') }} as touched on leads.person_id = touched.person_id
left join credited on leads.person_id = credited.person_id
left join {{ ref('int_last_assignments') }} as assigned on leads.person_id = assigned.person_id
-- Who has the person in one CRM has them in the other too: a record that nobody owns is given to them.
left join {{ ref('int_owners') }} as owners on coalesce(assigned.owner_id, leads.owner_id) = owners.owner_id
