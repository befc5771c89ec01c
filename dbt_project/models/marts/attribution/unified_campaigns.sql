with recursive ancestors as (
    select
        campaign_id,
        campaign_id as root_campaign_id,
        parent_campaign_id,
        0 as level,
        [campaign_id] as seen
    from {{ ref('int_campaigns') }}
    union all
    select
        ancestors.campaign_id,
        parents.campaign_id as root_campaign_id,
        parents.parent_campaign_id,
        ancestors.level + 1 as level,
        list_append(ancestors.seen, parents.campaign_id) as seen
    from ancestors
    inner join {{ ref('int_campaigns') }} as parents on ancestors.parent_campaign_id = parents.campaign_id
    -- A campaign that is above itself ends where it would come again.
    where not list_contains(ancestors.seen, parents.campaign_id)
),

roots as (
    select
        campaign_id,
        arg_max(root_campaign_id, level) as root_campaign_id,
        max(level) as level
    from ancestors
    group by campaign_id
),

reasons as (
    select
        members.campaign_id,
        string_agg(distinct pairs.reason, ', ' order by pairs.reason) as joined_by
    from {{ ref('int_campaign_pairs') }} as pairs
    inner join {{ ref('int_campaign_members') }} as members on pairs.left_key = members.record_key
    where pairs.verdict = 'same'
    group by members.campaign_id
)

select
    campaigns.campaign_id,
    campaigns.name,
    campaigns.type,
    campaigns.status,
    campaigns.utm,
    campaigns.start_date,
    campaigns.end_date,
    campaigns.parent_campaign_id,
    roots.root_campaign_id,
    cast(roots.level as bigint) as level,
    cast(campaigns.cost as decimal(18, 2)) as cost,
    campaigns.cost_currency,
    campaigns.cost_converted,
    campaigns.cost_from,
    cast(campaigns.budget as decimal(18, 2)) as budget,
    campaigns.campaign_id_hubspot,
    campaigns.campaign_id_salesforce,
    campaigns.campaign_id_marketing_cloud,
    campaigns.records,
    reasons.joined_by
from {{ ref('int_campaigns') }} as campaigns
inner join roots on campaigns.campaign_id = roots.campaign_id
left join reasons on campaigns.campaign_id = reasons.campaign_id
