-- Not one raw table but a fact of two: HubSpot has no list of bookings, each is a meeting that names its link.
with meetings as (
    select * from {{ ref('stg_hubspot__meetings') }}
    where source_id is not null
),

guests as (
    select
        from_id as meeting_id,
        list(distinct to_id order by to_id) as contact_ids
    from {{ ref('stg_hubspot__associations') }}
    where from_type = 'meetings' and to_type = 'contacts'
    group by from_id
)

select
    meetings.record_key,
    meetings.meeting_id,
    meetings.source_id as meeting_link_id,
    links.record_key as meeting_link_key,
    links.slug as meeting_link_slug,
    links.organizer_user_id,
    guests.contact_ids,
    meetings.owner_id,
    meetings.created_at as booked_at,
    meetings.starts_at,
    meetings.ends_at,
    meetings.outcome
from meetings
left join {{ ref('stg_hubspot__meeting_links') }} as links on meetings.source_id = links.meeting_link_id
left join guests on meetings.meeting_id = guests.meeting_id
