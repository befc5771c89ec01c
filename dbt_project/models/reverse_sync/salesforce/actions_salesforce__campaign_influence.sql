-- A won deal's shares under the model that is written back, by campaign and contact, in percent of two digits that add up
-- to 100 at most: each is rounded down. What has no row there is handed on with the reason, so that a plan counts it.
with credited as (
    select
        credits.opportunity_id,
        credits.campaign_id,
        credits.person_id,
        sum(credits.share) as share
    from {{ ref('attribution_credits') }} as credits
    inner join {{ source('rules', 'attribution_models') }} as models
        on credits.model = models.model and models.is_written_back
    where credits.is_won and credits.campaign_id is not null
    group by credits.opportunity_id, credits.campaign_id, credits.person_id
),

-- The contact through which the person takes part, or else any of theirs.
contacts as (
    select
        members.person_id,
        min(split_part(members.record_key, ':', 4)) as contact_id
    from {{ ref('int_person_members') }} as members
    inner join {{ ref('stg_salesforce__contacts') }} as contacts on members.record_key = contacts.record_key
    group by members.person_id
),

in_role as (
    select
        roles.opportunity_id,
        members.person_id,
        min(roles.contact_id) as contact_id
    from {{ ref('stg_salesforce__opportunity_contact_roles') }} as roles
    inner join {{ ref('int_person_members') }} as members
        on {{ record_key('salesforce', 'Contact', 'roles.contact_id') }} = members.record_key
    group by roles.opportunity_id, members.person_id
),

shares as (
    select
        credited.*,
        deals.opportunity_id_salesforce,
        campaigns.campaign_id_salesforce,
        coalesce(in_role.contact_id, contacts.contact_id) as contact_id,
        floor(credited.share * 10000) / 100 as influence
    from credited
    inner join {{ ref('int_opportunities') }} as deals on credited.opportunity_id = deals.opportunity_id
    left join {{ ref('int_campaigns') }} as campaigns on credited.campaign_id = campaigns.campaign_id
    left join in_role
        on deals.opportunity_id_salesforce = in_role.opportunity_id and credited.person_id = in_role.person_id
    left join contacts on credited.person_id = contacts.person_id
),

named as (
    select
        shares.*,
        case
            when shares.opportunity_id_salesforce is null then 'the deal is not in Salesforce'
            when shares.campaign_id_salesforce is null then 'the campaign is not in Salesforce'
            when shares.contact_id is null then 'the person is no contact in Salesforce'
            when shares.influence = 0 then 'the share is less than 0.01%'
        end as cannot,
        models.value as model
    from shares
    inner join {{ source('rules', 'attribution_settings') }} as models on models.setting = 'influence_model'
)

select
    'influence:' || {{ short_hash("model || opportunity_id || campaign_id || person_id") }} as action_key,
    'salesforce_campaign_influence' as sync,
    'campaign_influence' as kind,
    'salesforce' as vendor,
    'CampaignInfluence' as object,
    {{ record_key('salesforce', 'Opportunity', 'opportunity_id_salesforce') }} as record_key,
    person_id,
    cast(
        json_object(
            'model', model,
            'opportunity_id', opportunity_id_salesforce,
            'campaign_id', campaign_id_salesforce,
            'contact_id', contact_id,
            'influence', influence,
            'cannot', cannot
        ) as varchar
    ) as payload,
    cast(null as varchar) as needs,
    'computed' as provider,
    'attribution.yml' as rule,
    influence || '% of a won deal' as reason,
    cast(null as varchar) as reversibility,
    cast(null as timestamptz) as due_at
from named
