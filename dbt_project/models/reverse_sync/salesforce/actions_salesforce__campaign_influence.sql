-- A won deal's shares under the model that is written back, by campaign and contact, in percent of two digits that add up
-- to 100 at most: each is rounded down. What has no row there is handed on with the reason, so that a plan counts it; so is
-- every share while no model is named, which is reason enough. A row that we have made follows its share: what is less now
-- is lowered first, so that a deal's rows never pass 100 together.
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

-- Keys are made before the joins: within them each role would be compared with each record, and so below.
roles as (
    select
        opportunity_id,
        contact_id,
        {{ record_key('salesforce', 'Contact', 'contact_id') }} as contact_key
    from {{ ref('stg_salesforce__opportunity_contact_roles') }}
),

in_role as (
    select
        roles.opportunity_id,
        members.person_id,
        min(roles.contact_id) as contact_id
    from roles
    inner join {{ ref('int_person_members') }} as members on roles.contact_key = members.record_key
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
            when models.value is null then null
            when shares.opportunity_id_salesforce is null then 'the deal is not in Salesforce'
            when shares.campaign_id_salesforce is null then 'the campaign is not in Salesforce'
            when shares.contact_id is null then 'the person is no contact in Salesforce'
            when shares.influence = 0 then 'the share is less than 0.01%'
        end as cannot,
        models.value as model
    from shares
    left join {{ source('rules', 'attribution_settings') }} as models on models.setting = 'influence_model'
),

keyed as (
    select
        *,
        'influence:' || {{ short_hash("coalesce(model, '') || opportunity_id || campaign_id || person_id") }} as share_key
    from named
),

-- Ids that a deal has had: a row may have been made before two became one.
deal_ids as (
    select
        opportunity_id,
        opportunity_id as had
    from {{ ref('int_opportunities') }}
    union all
    select
        id as opportunity_id,
        record_key as had
    from {{ ref('int_opportunities_resolved') }}
    where kind = 'alias'
),

made_rows as (
    select
        *,
        {{ record_key('salesforce', 'Opportunity', 'opportunity_id') }} as opportunity_key,
        {{ record_key('salesforce', 'Campaign', 'campaign_id') }} as campaign_key
    from {{ ref('stg_salesforce__campaign_influence') }}
),

-- Rows that we have made into this model and that are still there, with what they hold: one that was emptied holds 0. A row
-- made for somebody who was merged since is that of who they are now, and so is a deal's.
ours as (
    select
        journal.action_key as made_as,
        coalesce(aliases.person_id, journal.person_id) as person_id,
        deals.opportunity_id,
        members.campaign_id,
        made.campaign_influence_id as row_id,
        made.opportunity_id as opportunity_id_salesforce,
        coalesce(made.opportunity_id = deals.opportunity_id_salesforce, false) as is_deals_record,
        made.campaign_id as campaign_id_salesforce,
        made.contact_id,
        coalesce(made.influence, 0) as influence,
        made.updated_at,
        models.value as model
    from {{ source('ops', 'journal') }} as journal
    inner join made_rows as made on journal.result_id = made.campaign_influence_id
    inner join {{ ref('int_opportunity_members') }} as deal_records on made.opportunity_key = deal_records.record_key
    inner join {{ ref('int_opportunities') }} as deals on deal_records.opportunity_id = deals.opportunity_id
    inner join deal_ids on deals.opportunity_id = deal_ids.opportunity_id
    inner join {{ ref('int_campaign_members') }} as members on made.campaign_key = members.record_key
    inner join {{ source('rules', 'attribution_settings') }} as models on models.setting = 'influence_model'
    left join {{ ref('int_person_aliases') }} as aliases on journal.person_id = aliases.alias
    where
        journal.sync = 'salesforce_campaign_influence'
        and journal.state = 'confirmed'
        and journal.action_key = 'influence:'
        || {{ short_hash("models.value || deal_ids.had || members.campaign_id || journal.person_id") }}
),

keyed_rows as (
    select
        *,
        'influence:' || {{ short_hash("model || opportunity_id || campaign_id || person_id") }} as share_key
    from ours
),

-- Two people who are one had a row each, and so had two opportunities that are one deal: one of them holds the share, on the
-- opportunity that the deal is known by, or else where it was made as this very share, for it is made once.
held as (
    select
        *,
        (is_deals_record or made_as = share_key)
        and row_number() over (partition by share_key order by not is_deals_record, made_as != share_key, row_id) = 1 as holds
    from keyed_rows
),

holding as (
    select
        *,
        case when holds then share_key end as held_key
    from held
),

-- A share that is gone, for the deal was reopened or the touch is another's now, is 0: a row that is kept can come back.
moved as (
    select
        held.*,
        coalesce(keyed.influence, 0) as wanted
    from holding as held
    left join keyed on held.held_key = keyed.share_key and keyed.cannot is null
    where abs(coalesce(keyed.influence, 0) - held.influence) >= 0.005
),

wanted as (
    select
        keyed.share_key as action_key,
        keyed.opportunity_id_salesforce,
        keyed.person_id,
        keyed.model,
        keyed.campaign_id_salesforce,
        keyed.contact_id,
        keyed.influence,
        keyed.cannot,
        cast(null as varchar) as row_id,
        cast(null as double) as held,
        keyed.influence || '% of a won deal' as reason
    from keyed
    -- A row that was made under a name which is gone is there already.
    where
        keyed.share_key not in (
            select held.share_key from held
            where held.made_as != held.share_key and held.is_deals_record
        )

    union all

    select
        case when moved.wanted < moved.influence then 'influence-lowered:' else 'influence:raised:' end
        || {{ short_hash("moved.row_id || moved.influence || moved.wanted || moved.updated_at") }} as action_key,
        moved.opportunity_id_salesforce,
        moved.person_id,
        moved.model,
        moved.campaign_id_salesforce,
        moved.contact_id,
        moved.wanted as influence,
        cast(null as varchar) as cannot,
        moved.row_id,
        cast(moved.influence as double) as held,
        moved.wanted || '% of a deal, no longer ' || moved.influence || '%' as reason
    from moved
)

select
    action_key,
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
            'cannot', cannot,
            'row_id', row_id,
            'held', held
        ) as varchar
    ) as payload,
    cast(null as varchar) as needs,
    'computed' as provider,
    'attribution.yml' as rule,
    reason,
    cast(null as varchar) as reversibility,
    cast(null as timestamptz) as due_at
from wanted
