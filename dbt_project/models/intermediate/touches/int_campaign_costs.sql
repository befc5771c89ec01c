-- What a campaign cost, evenly over what it did; null where nobody knows. With each touch it is another amount for all touches of
-- the campaign, so it stands here and in no touch's row.
with counted as (
    select
        campaign_id,
        count(*) as touches
    from {{ ref('int_touches') }}
    where is_counted and campaign_id is not null
    group by campaign_id
)

select
    campaigns.campaign_id,
    campaigns.name,
    cast(cast(campaigns.cost_converted as double) / counted.touches as decimal(18, 4)) as cost
from counted
inner join {{ ref('int_campaigns') }} as campaigns on counted.campaign_id = campaigns.campaign_id
