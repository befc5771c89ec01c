-- Forms that config/campaign_members.yml makes campaign members of, by id, with the campaign.
select distinct
    forms.form_id,
    rules.status,
    belongs.campaign_id
from {{ source('rules', 'form_members') }} as rules
inner join {{ ref('stg_hubspot__forms') }} as forms on rules.form in (forms.name, forms.form_id)
inner join {{ ref('stg_salesforce__campaigns') }} as campaigns on rules.campaign in (campaigns.name, campaigns.campaign_id)
inner join {{ ref('int_campaign_members') }} as belongs on campaigns.record_key = belongs.record_key
