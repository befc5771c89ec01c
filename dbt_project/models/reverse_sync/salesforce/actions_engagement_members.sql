-- Whom config/engagement.yml makes a member of a campaign, or moves on in it: the contact if there is one, else the lead.
-- A status only moves to the right, by what the campaign holds.
with ranks as (
    select
        unnest(status_order) as status,
        generate_subscripts(status_order, 1) as rank
    from (
        select any_value(status_order) as status_order
        from {{ source('rules', 'engagement_members') }}
    )
),

-- A row for each key: one key or the other in a join would be each member compared with each record.
members as (
    select
        campaign_id,
        status,
        unnest([
            {{ record_key('salesforce', 'Contact', 'contact_id') }},
            {{ record_key('salesforce', 'Lead', 'lead_id') }}
        ]) as record_key
    from {{ ref('stg_salesforce__campaign_members') }}
),

-- A status that is not in the order is somebody's own, and stays.
held as (
    select
        members.campaign_id,
        people.person_id,
        arg_max(members.status, coalesce(ranks.rank, 0)) as status,
        max(ranks.rank) as rank,
        bool_or(ranks.rank is null) as is_theirs
    from members
    inner join {{ ref('int_person_members') }} as people on members.record_key = people.record_key
    left join ranks on members.status = ranks.status
    group by members.campaign_id, people.person_id
),

furthest as (
    select *
    from {{ ref('int_engagement_members') }}
    qualify row_number() over (
        partition by campaign_id_salesforce, person_id order by rank desc, occurred_at asc, mailing asc
    ) = 1
)

select
    {{ short_hash("'engagement_member:' || furthest.campaign_id_salesforce || ':' || furthest.person_id || ':' || furthest.status") }} as action_key,
    'salesforce_engagement_members' as sync,
    'campaign_member' as kind,
    'salesforce' as vendor,
    'CampaignMember' as object,
    {{ salesforce_person_key('leads') }} as record_key,
    furthest.person_id,
    cast(to_json({
        'campaign': furthest.campaign_id_salesforce,
        'status': furthest.status,
        'order': furthest.status_order,
        'before': held.status,
        'create_status': furthest.create_status,
        'forced': false
    }) as varchar) as payload,
    cast(null as varchar) as needs,
    'computed' as provider,
    'engagement.yml' as rule,
    furthest.did || ': ' || coalesce(furthest.mailing, '') as reason,
    cast(null as varchar) as reversibility,
    cast(null as timestamptz) as due_at
from furthest
inner join {{ ref('unified_leads') }} as leads on furthest.person_id = leads.person_id
left join held on furthest.campaign_id_salesforce = held.campaign_id and furthest.person_id = held.person_id
where
    furthest.rank > coalesce(held.rank, 0)
    and not coalesce(held.is_theirs, false)
    and coalesce(leads.contact_id_salesforce, leads.lead_id_salesforce) is not null
