-- Where several records are one campaign, the one that campaign influence uses holds what is credited and the others 0, so
-- that a report over all of them has it once (held_campaigns counts the others).
with shown as (
    select
        members.record_key,
        case when campaigns.campaign_id_salesforce = split_part(members.record_key, ':', 4) then 1 else 0 end as part,
        members.campaign_id
    from {{ ref('int_campaign_members') }} as members
    inner join {{ ref('int_campaigns') }} as campaigns on members.campaign_id = campaigns.campaign_id
)

select
    existing.record_id,
    existing.record_key,
    existing.person_id,
    {{ if_there(source('raw_salesforce', 'campaign'), 'Attributed_Revenue__c', in_record_currency('desired.revenue') ~ ' * members.part', 'decimal(18,2)') }} as "Attributed_Revenue__c",
    {{ if_there(source('raw_salesforce', 'campaign'), 'Attributed_Pipeline__c', in_record_currency('desired.pipeline', 'pipeline') ~ ' * members.part', 'decimal(18,2)') }} as "Attributed_Pipeline__c"
from {{ ref('existing_salesforce__campaigns') }} as existing
inner join shown as members on existing.record_key = members.record_key
inner join {{ ref('campaign_performance') }} as desired on members.campaign_id = desired.campaign_id
inner join {{ source('rules', 'attribution_models') }} as models on desired.model = models.model and models.is_written_back
inner join {{ source('rules', 'attribution_sync') }} as synced on synced.setting = 'revenue' and synced.is_on
{{ record_money_joins('existing.record_key') }}
