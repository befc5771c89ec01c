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
    -- What is part of a campaign by a better reason is settled.
    and not exists (
        select 1
        from {{ ref('int_campaign_pairs') }} as joined
        where joined.verdict = 'same' and (pairs.left_key = joined.left_key or pairs.right_key = joined.right_key)
    )
