with lifecycle as (
    select
        canonical_stage,
        position,
        lower(value) as value,
        value as written_value,
        is_written
    from {{ source('rules', 'lifecycle') }}
    where vendor = 'hubspot' and object = 'contacts'
)

select
    existing.record_id,
    existing.record_key,
    existing.person_id,
    desired.lead_score,
    -- HubSpot moves a lifecycle stage forward only; a stage that config does not know is left alone.
    case
        when existing.lifecyclestage is null or ahead.position > reached.position then ahead.written_value
    end as lifecyclestage,
    case
        when existing.hubspot_owner_id is null or list_contains(desired.taken_from, holders.owner_id)
            then desired.assigned_owner_id_hubspot
    end as hubspot_owner_id,
    desired.first_touch_channel as first_touch_source,
    desired.first_touch_campaign,
    desired.last_touch_channel as last_touch_source,
    desired.touch_count,
    cast({{ in_record_currency('desired.attributed_revenue') }} as decimal(18, 2)) as attributed_revenue,
    {{ if_there(source('raw_hubspot', 'contacts'), 'first_touch_medium', 'desired.first_touch_medium', 'varchar') }} as first_touch_medium,
    {{ if_there(source('raw_hubspot', 'contacts'), 'first_touch_content', 'desired.first_touch_content', 'varchar') }} as first_touch_content,
    {{ if_there(source('raw_hubspot', 'contacts'), 'last_touch_medium', 'desired.last_touch_medium', 'varchar') }} as last_touch_medium,
    {{ if_there(source('raw_hubspot', 'contacts'), 'last_touch_content', 'desired.last_touch_content', 'varchar') }} as last_touch_content
from {{ ref('existing_hubspot__contacts') }} as existing
inner join {{ ref('int_desired_people') }} as desired on existing.person_id = desired.person_id
left join {{ ref('int_owner_records') }} as holders
    on holders.vendor = 'hubspot' and existing.hubspot_owner_id = holders.source_id
left join lifecycle as ahead on desired.lifecycle_stage = ahead.canonical_stage and ahead.is_written
left join lifecycle as reached on lower(existing.lifecyclestage) = reached.value
{{ record_money_joins('existing.record_key') }}
