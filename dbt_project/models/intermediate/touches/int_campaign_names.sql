-- By what a campaign is called elsewhere: its name and its UTM, as slugs. A word that two campaigns share names neither.
with named as (
    select
        members.campaign_id,
        unnest([{{ slug('records.name') }}, records.utm]) as key
    from {{ ref('int_campaign_records') }} as records
    inner join {{ ref('int_campaign_members') }} as members on records.record_key = members.record_key
)

select
    key,
    min(campaign_id) as campaign_id
from named
where key is not null
group by key
having count(distinct campaign_id) = 1
