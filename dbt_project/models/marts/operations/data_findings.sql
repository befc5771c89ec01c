with opportunities as (
    select
        *,
        coalesce(opportunity_id_salesforce, opportunity_id_hubspot) as example_id,
        case when vendor = 'salesforce' then 'Opportunity' else 'deals' end as object
    from {{ ref('int_opportunities') }}
),

opportunity_findings as (
    select
        'opportunity_without_account' as finding,
        vendor,
        object,
        example_id
    from opportunities
    where account_id is null

    union all

    select
        'opportunity_without_close_date' as finding,
        vendor,
        object,
        example_id
    from opportunities
    where close_date is null

    union all

    select
        'opportunity_without_amount' as finding,
        vendor,
        object,
        example_id
    from opportunities
    where amount is null

    union all

    select
        'opportunity_without_owner' as finding,
        vendor,
        object,
        example_id
    from opportunities
    where owner_id is null

    union all

    select
        'opportunity_without_created_date' as finding,
        vendor,
        object,
        example_id
    from opportunities
    where created_at is null

    union all

    select
        'opportunity_closed_before_created' as finding,
        vendor,
        object,
        example_id
    from opportunities
    where is_closed and closed_at < date_trunc('day', created_at)

    union all

    select
        'opportunity_in_unknown_currency' as finding,
        vendor,
        object,
        example_id
    from opportunities
    where amount is not null and amount_converted is null

    union all

    select
        'stage_unknown_to_config' as finding,
        vendor,
        object,
        stage as example_id
    from opportunities
    where canonical_stage = 'unmapped' and stage is not null

    union all

    select
        'opportunity_without_stage' as finding,
        vendor,
        object,
        example_id
    from opportunities
    where stage is null

    union all

    select
        'opportunity_without_stage_history' as finding,
        vendor,
        object,
        example_id
    from opportunities
    where opportunity_id not in (select stays.opportunity_id from {{ ref('int_stage_stays') }} as stays)
),

-- Members of teams answer for records; an owner outside of every team is nobody's responsibility.
owner_findings as (
    select
        'owner_in_no_team' as finding,
        owners.vendor,
        case when owners.vendor = 'salesforce' then 'User' else 'owners' end as object,
        coalesce(owners.email, owners.source_id) as example_id
    from {{ ref('int_owner_records') }} as owners
    where
        owners.is_active
        and owners.owner_id in (select o.owner_id from opportunities as o)
        and coalesce(owners.email, '') not in (
            select members.member_email from {{ source('rules', 'team_members') }} as members
        )

    union all

    select
        'owner_unknown' as finding,
        vendor,
        object,
        example_id
    from opportunities
    where owner_id like '%:unknown-owner:%'

    union all

    select
        'owner_unknown' as finding,
        records.vendor,
        records.object,
        records.record_id as example_id
    from {{ ref('int_person_records') }} as records
    left join {{ ref('int_owner_records') }} as owners
        on records.vendor = owners.vendor and records.owner_source_id = owners.source_id
    where
        coalesce(records.owner_source_id, '') != ''
        and not records.is_queue_owned
        and owners.source_id is null

    union all

    select
        'owner_inactive' as finding,
        opportunities.vendor,
        opportunities.object,
        opportunities.example_id
    from opportunities
    inner join {{ ref('int_owners') }} as owners on opportunities.owner_id = owners.owner_id
    where not opportunities.is_closed and not owners.is_active
),

person_findings as (
    select
        'person_with_invalid_email' as finding,
        vendor,
        object,
        record_id as example_id
    from {{ ref('int_person_records') }}
    where email is not null and not is_email_valid

    union all

    select
        'person_without_email' as finding,
        vendor,
        object,
        record_id as example_id
    from {{ ref('int_person_records') }}
    where email is null

    union all

    -- Made up to get past a form, or a mailbox that many read: it joins nobody to anybody.
    select
        'person_with_address_of_nobody' as finding,
        vendor,
        object,
        record_id as example_id
    from {{ ref('int_person_records') }}
    where
        is_email_valid
        and record_key not in (
            select keys.record_key
            from {{ ref('int_person_keys') }} as keys
            where keys.kind = 'email'
        )

    union all

    select
        'person_with_name_of_nobody' as finding,
        records.vendor,
        records.object,
        records.record_id as example_id
    from {{ ref('int_person_records') }} as records
    inner join {{ ref('int_person_features') }} as features on records.record_key = features.record_key
    where
        (features.first is null and trim(records.first_name) != '')
        or (features.last is null and trim(records.last_name) != '')
        or length(records.first_name) > 120
        or length(records.last_name) > 120

    union all

    select
        'person_of_unknown_account' as finding,
        vendor,
        object,
        record_id as example_id
    from {{ ref('int_person_records') }}
    where account_record_key not in (select accounts.record_key from {{ ref('int_account_records') }} as accounts)

    union all

    select
        'person_twice_in_one_object' as finding,
        records.vendor,
        records.object,
        records.record_id as example_id
    from {{ ref('int_person_members') }} as members
    inner join {{ ref('int_person_records') }} as records on members.record_key = records.record_key
    where not records.is_converted
    qualify
        row_number() over (
            partition by members.person_id, records.vendor, records.object order by records.record_key
        ) > 1

    union all

    select
        'account_twice_in_one_object' as finding,
        records.vendor,
        records.object,
        records.record_id as example_id
    from {{ ref('int_account_members') }} as members
    inner join {{ ref('int_account_records') }} as records on members.record_key = records.record_key
    qualify
        row_number() over (
            partition by members.account_id, records.vendor, records.object order by records.record_key
        ) > 1
),

orphan_findings as (
    select
        case touch_type
            when 'membership' then 'campaign_member_without_person'
            else 'task_without_person'
        end as finding,
        'salesforce' as vendor,
        case touch_type when 'membership' then 'CampaignMember' else 'Task' end as object,
        split_part(source_record_key, ':', 4) as example_id
    from {{ ref('int_touches') }}
    where
        person_id is null
        and (source_record_key like 'salesforce:%:CampaignMember:%' or source_record_key like 'salesforce:%:Task:%')

    union all

    select
        'touch_without_date' as finding,
        split_part(source_record_key, ':', 1) as vendor,
        split_part(source_record_key, ':', 3) as object,
        split_part(source_record_key, ':', 4) as example_id
    from {{ ref('int_touches') }}
    where occurred_at is null

    union all

    select
        'stage_change_without_deal' as finding,
        vendor,
        case when vendor = 'salesforce' then 'OpportunityHistory' else 'deals' end as object,
        split_part(record_key, ':', 4) as example_id
    from {{ ref('int_stage_changes') }}
    where record_key not in (select records.record_key from {{ ref('int_opportunity_records') }} as records)

    union all

    -- Its stay is told as the history has it; a time before the deal was there is somebody's mistake.
    select
        'stage_change_before_creation' as finding,
        changes.vendor,
        case when changes.vendor = 'salesforce' then 'OpportunityHistory' else 'deals' end as object,
        records.record_id as example_id
    from {{ ref('int_stage_changes') }} as changes
    inner join {{ ref('int_opportunity_records') }} as records on changes.record_key = records.record_key
    where changes.changed_at < records.created_at - interval 1 minute

    union all

    -- Nothing can move in it, so it has no conversion and no velocity of its own.
    select
        'pipeline_with_one_stage' as finding,
        'hubspot' as vendor,
        'pipelines' as object,
        pipeline_id as example_id
    from {{ ref('stg_hubspot__pipeline_stages') }}
    where object_type = 'deals'
    group by pipeline_id
    having count(*) = 1

    union all

    select
        'contact_role_without_contact_or_opportunity' as finding,
        'salesforce' as vendor,
        'OpportunityContactRole' as object,
        roles.contact_role_id as example_id
    from {{ ref('stg_salesforce__opportunity_contact_roles') }} as roles
    left join {{ ref('stg_salesforce__contacts') }} as contacts on roles.contact_id = contacts.contact_id
    left join {{ ref('stg_salesforce__opportunities') }} as opportunities
        on roles.opportunity_id = opportunities.opportunity_id
    where contacts.contact_id is null or opportunities.opportunity_id is null

    union all

    select
        'association_without_record' as finding,
        'hubspot' as vendor,
        'associations' as object,
        associations.from_type || ' ' || associations.from_id || ' to ' || associations.to_type || ' '
        || associations.to_id as example_id
    from {{ ref('stg_hubspot__associations') }} as associations
    where
        not exists (
            select 1
            from {{ ref('int_hubspot_records') }} as records
            where records.object = associations.from_type and records.record_id = associations.from_id
        )
        or not exists (
            select 1
            from {{ ref('int_hubspot_records') }} as records
            where records.object = associations.to_type and records.record_id = associations.to_id
        )
),

campaign_findings as (
    select
        'response_before_campaign' as finding,
        'salesforce' as vendor,
        'CampaignMember' as object,
        members.campaign_member_id as example_id
    from {{ ref('stg_salesforce__campaign_members') }} as members
    inner join {{ ref('stg_salesforce__campaigns') }} as campaigns on members.campaign_id = campaigns.campaign_id
    where members.has_responded and members.first_responded_date < campaigns.start_date

    union all

    select
        'campaign_perhaps_twice' as finding,
        split_part(reviews.right_key, ':', 1) as vendor,
        split_part(reviews.right_key, ':', 3) as object,
        split_part(reviews.right_key, ':', 4) as example_id
    from {{ ref('campaign_reviews') }} as reviews
),

found as (
    select * from campaign_findings
    union all
    select * from opportunity_findings
    union all
    select * from owner_findings
    union all
    select * from person_findings
    union all
    select * from orphan_findings
    union all
    select
        finding,
        vendor,
        object,
        example_id
    from {{ source('ops', 'object_findings') }}
),

counted as (
    select
        finding,
        vendor,
        object,
        count(*) as records,
        list_slice(list(distinct example_id order by example_id), 1, 3) as example_ids
    from found
    group by finding, vendor, object
),

explained (finding, severity, remedy) as (
    values
    ('opportunity_without_account', 'warning', 'Set the account: pipeline by account leaves these deals out.'),
    ('opportunity_without_close_date', 'warning', 'Set a close date: no forecast period has these deals.'),
    ('opportunity_without_amount', 'warning', 'Set the amount: these deals count as deals but not as money.'),
    ('opportunity_without_owner', 'error', 'Give the deal an owner: nobody works on it.'),
    (
        'opportunity_without_created_date',
        'warning',
        'Without a date of creation a deal has no cycle and is left out of velocity.'
    ),
    (
        'opportunity_closed_before_created',
        'warning',
        'Correct one of the dates: the cycle is shorter than nothing.'
    ),
    (
        'opportunity_in_unknown_currency',
        'warning',
        'No rate to the company currency is known: totals leave these deals out.'
    ),
    ('opportunity_without_stage', 'warning', 'Set the stage: the deal is in no column of the pipeline.'),
    ('stage_unknown_to_config', 'error', 'Add the stage to config/stages.yml; it shows as unmapped until then.'),
    ('opportunity_without_stage_history', 'warning', 'The CRM holds no history of these deals'' stages.'),
    ('owner_in_no_team', 'warning', 'Add the person to config/teams.yml, or take the deals over.'),
    ('owner_unknown', 'warning', 'The CRM lists no such owner: give the record to someone it knows.'),
    ('owner_inactive', 'warning', 'Give these open deals to someone who still works here.'),
    ('person_with_invalid_email', 'warning', 'Correct the address: it cannot be delivered to or matched.'),
    (
        'person_of_unknown_account',
        'warning',
        'The company the record names is deleted or was never extracted: name another, or none.'
    ),
    (
        'person_with_address_of_nobody',
        'info',
        'Made up or shared (config/identity.yml): the person is matched by everything but the address.'
    ),
    ('person_with_name_of_nobody', 'info', 'One letter, a picture or too long: the person is matched without it.'),
    ('person_without_email', 'info', 'Without an address a person is matched by CRM links only.'),
    ('person_twice_in_one_object', 'warning', 'Merge the records in the CRM: the marts count one person.'),
    ('account_twice_in_one_object', 'warning', 'Merge the records in the CRM: the marts count one company.'),
    ('response_before_campaign', 'warning', 'Correct the date: the day of membership stands in for it.'),
    (
        'campaign_perhaps_twice',
        'warning',
        'Settle in config/attribution.yml whether two are one (marts.campaign_reviews): until then each has its own cost.'
    ),
    ('campaign_member_without_person', 'warning', 'The lead or contact is gone; the touch is not counted.'),
    ('task_without_person', 'warning', 'The lead or contact is gone; the touch is not counted.'),
    ('touch_without_date', 'warning', 'Without a date a touch is not counted.'),
    (
        'stage_change_before_creation',
        'warning',
        'Correct one of the dates: the deal is told as in a stage before it was created.'
    ),
    (
        'pipeline_with_one_stage',
        'warning',
        'Give the pipeline more stages: deals in it cannot move, and have no conversion.'
    ),
    ('stage_change_without_deal', 'warning', 'The deal is gone or was never extracted; its history is not told.'),
    (
        'contact_role_without_contact_or_opportunity',
        'warning',
        'One side is gone; the role earns no credit for anyone.'
    ),
    (
        'record_without_parent',
        'error',
        'Tie each to the record that custom_objects.yml requires; all are in ops.object_findings.'
    ),
    ('association_without_record', 'warning', 'One side is gone or archived; the association is not followed.')
)

select
    counted.finding,
    explained.severity,
    counted.vendor,
    counted.object,
    counted.records,
    counted.example_ids,
    explained.remedy
from counted
inner join explained on counted.finding = explained.finding
