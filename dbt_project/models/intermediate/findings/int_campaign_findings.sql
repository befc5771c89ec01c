select
    'response_before_campaign' as finding,
    'salesforce' as vendor,
    'CampaignMember' as object,
    members.campaign_member_id as example_id
from {{ ref('stg_salesforce__campaign_members') }} as members
inner join {{ ref('stg_salesforce__campaigns') }} as campaigns on members.campaign_id = campaigns.campaign_id
where members.has_responded and members.first_responded_date < campaigns.start_date
