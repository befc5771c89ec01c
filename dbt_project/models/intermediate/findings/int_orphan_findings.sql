with deals as materialized (
    select
        record_key,
        record_id,
        created_at - interval 1 minute as created_from
    from {{ ref('int_opportunity_records') }}
),

odd_changes as materialized (
    select
        changes.record_key,
        changes.vendor,
        deals.record_key as deal_key,
        deals.record_id
    from {{ ref('int_stage_changes') }} as changes
    left join deals on changes.record_key = deals.record_key
    where deals.record_key is null or changes.changed_at < deals.created_from
),

-- Few: what their keys say is asked of these alone.
nobodys as materialized (
    select
        source_record_key,
        touch_type
    from {{ ref('int_touches') }}
    where person_id is null
)

select
    case touch_type
        when 'membership' then 'campaign_member_without_person'
        else 'task_without_person'
    end as finding,
    'salesforce' as vendor,
    case touch_type when 'membership' then 'CampaignMember' else 'Task' end as object,
    split_part(source_record_key, ':', 4) as example_id
from nobodys
where source_record_key like 'salesforce:%:CampaignMember:%' or source_record_key like 'salesforce:%:Task:%'

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
from odd_changes
where deal_key is null

union all

-- Its stay is told as the history has it; a time before the deal was there is somebody's mistake.
select
    'stage_change_before_creation' as finding,
    vendor,
    case when vendor = 'salesforce' then 'OpportunityHistory' else 'deals' end as object,
    record_id as example_id
from odd_changes
where deal_key is not null

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
