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
),

-- An assignment made for somebody who was merged since holds for who they are now.
assignments as (
    select
        coalesce(aliases.person_id, made.person_id) as person_id,
        lower(made.owner_email) as owner_email,
        made.previous_owner,
        made.sequence,
        made.decided_at,
        max(made.decided_at) over (partition by coalesce(aliases.person_id, made.person_id)) as last_decided_at
    from {{ source('decisions', 'assignments') }} as made
    left join {{ ref('int_person_aliases') }} as aliases on made.person_id = aliases.alias
    where made.state = 'assigned'
),

assigned as (
    select
        person_id,
        arg_max(owner_email, sequence) as owner_email,
        -- Whoever had the person when that was decided: only from them are records taken. Where several owners of
        -- one person have left, they are all decided about at one moment.
        list(distinct previous_owner) filter (where previous_owner != '') as taken_from
    from assignments
    where decided_at = last_decided_at
    group by person_id
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
    assigned.taken_from
from {{ ref('unified_leads') }} as leads
cross join synced
left join {{ ref('int_person_touches') }} as touched on leads.person_id = touched.person_id
left join credited on leads.person_id = credited.person_id
left join assigned on leads.person_id = assigned.person_id
-- Who has the person in one CRM has them in the other too: a record that nobody owns is given to them.
left join {{ ref('int_owners') }} as owners on coalesce(assigned.owner_email, leads.owner_id) = owners.owner_id
