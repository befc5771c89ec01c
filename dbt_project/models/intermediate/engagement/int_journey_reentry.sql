-- What a journey's re-entry rule says against letting somebody in, over all keys of a person: as a lead they may have been
-- in it already. The rule is the published version's, else the newest one's.
with versions as (
    select
        journey_key,
        arg_max(entry_mode, (status = 'Published', version)) as entry_mode
    from {{ ref('stg_marketing_cloud__journeys') }}
    group by journey_key
),

been as (
    select
        coalesce(subscribers.person_id, stays.person_id) as person_id,
        stays.journey_key,
        bool_or(stays.is_inside) as is_inside
    from {{ ref('int_journey_stays') }} as stays
    left join {{ ref('int_subscribers') }} as subscribers on stays.subscriber_key = subscribers.subscriber_key
    where coalesce(subscribers.person_id, stays.person_id) is not null
    group by coalesce(subscribers.person_id, stays.person_id), stays.journey_key
)

select
    been.person_id,
    been.journey_key,
    case
        when versions.entry_mode in ('OnceAndDone', 'NotSet')
            then 'the journey takes a person once, and this one has been in it'
        when versions.entry_mode = 'SingleEntryAcrossAllVersions' and been.is_inside
            then 'the journey takes a person again once they have left it, and this one is in it'
    end as turned_away
from been
inner join versions on been.journey_key = versions.journey_key
