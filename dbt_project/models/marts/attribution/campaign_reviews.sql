select
    pairs.left_key,
    pairs.right_key,
    pairs.reason,
    lefts.name as left_name,
    rights.name as right_name,
    lefts.start_date as left_start_date,
    rights.start_date as right_start_date
from {{ ref('int_campaign_pairs') }} as pairs
inner join {{ ref('int_campaign_records') }} as lefts on pairs.left_key = lefts.record_key
inner join {{ ref('int_campaign_records') }} as rights on pairs.right_key = rights.record_key
where
    pairs.verdict = 'review'
    -- A campaign has at most one record of each vendor: what has one of the other's by a better reason is settled.
    and not exists (
        select 1
        from {{ ref('int_campaign_members') }} as mine
        inner join {{ ref('int_campaign_members') }} as joined on mine.campaign_id = joined.campaign_id
        where
            (mine.record_key = pairs.left_key and split_part(joined.record_key, ':', 1) = rights.vendor)
            or (mine.record_key = pairs.right_key and split_part(joined.record_key, ':', 1) = lefts.vendor)
    )
