-- Marketing's touches tell where a person came from; what sales did afterwards is counted, but is no source.
with touches as (
    select
        *,
        touch_type in (
            'membership', 'original_source', 'latest_source', 'conversion', 'form', 'event', 'email_click', 'page_visit'
        ) as is_marketing
    from {{ ref('int_touches') }}
    where is_counted and occurred_at <= {{ run_value('as_of') }}
),

numbered as (
    select
        *,
        row_number() over (partition by person_id order by occurred_at, touchpoint_id) as nth,
        row_number() over (partition by person_id order by occurred_at desc, touchpoint_id desc) as nth_last
    from touches
)

select
    numbered.person_id,
    count(*) as touches,
    arg_min(numbered.channel, numbered.nth) filter (where numbered.is_marketing) as first_touch_channel,
    arg_min(numbered.channel, numbered.nth_last) filter (where numbered.is_marketing) as last_touch_channel,
    arg_min(campaigns.name, numbered.nth) filter (where numbered.is_marketing and campaigns.name is not null)
        as first_touch_campaign,
    min(numbered.occurred_at) as first_touch_at,
    max(numbered.occurred_at) as last_touch_at
from numbered
left join {{ ref('int_campaigns') }} as campaigns on numbered.campaign_id = campaigns.campaign_id
group by numbered.person_id
