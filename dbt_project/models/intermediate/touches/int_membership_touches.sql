{{ config(
    materialized='incremental', changed_rows_only=true, unique_key=touched_record(), all_differ=['source_record_key'],
    owned={
        'stg_salesforce__campaign_members': "
            select coalesce(contact_id, lead_id, '') as owner, hash(
                record_key, campaign_id, has_responded, first_responded_date, created_at, status
            ) as hashed
            from {stg_salesforce__campaign_members}"
    },
    reached={
        'stg_salesforce__campaign_members': '
            select ' ~ member_record('{connections}') ~ " as owner
            from {stg_salesforce__campaign_members}
            where hash(coalesce(contact_id, lead_id, '')) in {moved}
            union all
            select coalesce(record_key, '') as owner
            from {this}
            where hash(coalesce(split_part(record_key, ':', 4), '')) in {went}"
    },
    shared_columns={'int_campaign_records': 'record_key, name, type, start_date'}
) }}
-- Which statuses of a campaign are responses, for a member that does not say so itself.
with statuses as (
    select
        campaign_id,
        label,
        bool_or(has_responded) as has_responded
    from {{ ref('stg_salesforce__campaign_member_statuses') }}
    group by campaign_id, label
),

members as (
    select
        members.record_key as source_record_key,
        'membership' as kind,
        'membership' as touch_type,
        nullif({{ member_record(source('rules', 'connections')) }}, '') as record_key,
        {{ record_key('salesforce', 'Campaign', 'members.campaign_id') }} as campaign_id,
        coalesce(members.has_responded, statuses.has_responded, false) as is_response,
        case
            when coalesce(members.has_responded, statuses.has_responded) then members.first_responded_date
        end as responded_on,
        members.created_at,
        members.status as content
    from {{ ref('stg_salesforce__campaign_members') }} as members
    left join statuses on members.campaign_id = statuses.campaign_id and members.status = statuses.label
    where {{ is_due(member_record(source('rules', 'connections'))) }}
),

channels as (
    select
        lower(match_value) as match_value,
        channel,
        source,
        medium
    from {{ source('rules', 'channels') }}
    where vendor = 'salesforce' and kind = 'campaign_type'
)

select
    members.* exclude (responded_on, created_at, campaign_id),
    belongs.campaign_id,
    -- Salesforce knows the day of the response only; nobody responds before the campaign begins (data_findings).
    case
        when members.responded_on >= coalesce(campaigns.start_date, members.responded_on)
            then {{ utc_midnight('members.responded_on') }}
        else members.created_at
    end as occurred_at,
    coalesce(members.responded_on >= coalesce(campaigns.start_date, members.responded_on), false) as is_day,
    coalesce(matched.channel, fallback.channel) as channel,
    coalesce(matched.source, fallback.source, campaigns.name) as source,
    coalesce(matched.medium, fallback.medium) as medium
from members
left join {{ ref('int_campaign_records') }} as campaigns on members.campaign_id = campaigns.record_key
left join {{ ref('int_campaign_members') }} as belongs on members.campaign_id = belongs.record_key
left join channels as matched on lower(campaigns.type) = matched.match_value
left join channels as fallback on fallback.match_value = '*'
