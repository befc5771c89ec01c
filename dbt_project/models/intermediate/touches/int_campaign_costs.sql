-- What a campaign cost, evenly over what it did; null where nobody knows. With each touch it is another amount for all touches of
-- the campaign, so it stands here and in no touch's row.
select
    campaigns.campaign_id,
    campaigns.name,
    cast(cast(campaigns.cost_converted as double) / counted.touches_ever as decimal(18, 4)) as cost
from {{ ref('int_campaign_touches') }} as counted
inner join {{ ref('int_campaigns') }} as campaigns on counted.campaign_id = campaigns.campaign_id
