-- Campaigns of two CRMs that may be one. The strongest reason counts: settled by people, a link kept in a field, the
-- same UTM or name while both run. What more than one campaign could claim, and names that are only alike, are for people.
with campaigns as (
    select
        record_key,
        vendor,
        record_id,
        {{ slug('name') }} as name,
        utm,
        start_date,
        end_date,
        other_id
    from {{ ref('int_campaign_records') }}
),

reasons as (
    select
        lefts.record_key as left_key,
        rights.record_key as right_key,
        case
            when settled.verdict = 'same' then 1
            when lefts.other_id in (rights.record_id, rights.record_key) then 2
            when rights.other_id in (lefts.record_id, lefts.record_key) then 2
            when not coalesce(lefts.start_date <= rights.end_date and rights.start_date <= lefts.end_date, true)
                then case when lefts.name = rights.name or lefts.utm = rights.utm then 7 end
            when lefts.utm = rights.utm and 'utm' in {{ attribution_setting('campaigns_join_when') }} then 3
            when lefts.name = rights.name and 'name' in {{ attribution_setting('campaigns_join_when') }} then 4
            when lefts.utm = rights.utm then 5
            when lefts.name = rights.name then 6
            when {{ names_alike('lefts.name', 'rights.name') }} then 8
        end as rank
    from campaigns as lefts
    inner join campaigns as rights on lefts.vendor < rights.vendor
    left join {{ source('rules', 'campaign_decisions') }} as settled
        on
            (lefts.record_key = settled.left_key and rights.record_key = settled.right_key)
            or (lefts.record_key = settled.right_key and rights.record_key = settled.left_key)
    where settled.verdict is distinct from 'different'
),

named as (
    select
        *,
        case
            when rank = 1 then 'settled'
            when rank = 2 then 'link'
            when rank in (3, 5) then 'utm'
            when rank in (4, 6) then 'name'
            when rank = 7 then 'same_name_at_another_time'
            else 'similar_name'
        end as reason
    from reasons
    where rank is not null
),

ranked as (
    select
        *,
        min(rank) over (partition by left_key, split_part(right_key, ':', 1)) as best_left,
        min(rank) over (partition by right_key, split_part(left_key, ':', 1)) as best_right
    from named
),

best as (
    select
        *,
        count(*) over (partition by left_key, split_part(right_key, ':', 1)) as of_left,
        count(*) over (partition by right_key, split_part(left_key, ':', 1)) as of_right
    from ranked
    where rank = best_left and rank = best_right
)

select
    left_key,
    right_key,
    reason,
    case
        when rank <= 2 or (rank <= 4 and of_left = 1 and of_right = 1) then 'same'
        else 'review'
    end as verdict
from best
where
    rank <= 4
    or reason in {{ attribution_setting('campaigns_review_when') }}
