select
    campaigns.name as campaign,
    count(*) as deals,
    sum(influence.people) as people,
    sum(influence.touches) as touches,
    sum(influence.influenced_pipeline) as influenced_pipeline,
    sum(influence.credited_pipeline) as credited_pipeline
from marts.campaign_influence as influence
inner join marts.unified_campaigns as campaigns on influence.campaign_id = campaigns.campaign_id
group by campaigns.name
order by influenced_pipeline desc nulls last, campaign
