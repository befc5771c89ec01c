"""HubSpot's meetings by the person they are with, since that person was given to somebody.

Belongs here: the joins alone. What a meeting is evidence of is said where it is asked.
"""

from __future__ import annotations

MEETINGS_OF_PEOPLE = """
staging.stg_hubspot__meetings g
join staging.stg_hubspot__associations a
    on a.from_type = 'meetings' and a.from_id = g.meeting_id and a.to_type = 'contacts'
join intermediate.int_person_records r
    on r.vendor = 'hubspot' and r.object = 'contacts' and r.record_id = a.to_id
join intermediate.int_person_members m on m.record_key = r.record_key
join (select unnest($people::varchar[]) as person_id, unnest($since::timestamptz[]) as since) w
    on w.person_id = m.person_id and g.created_at >= w.since
"""
"""To stand after `from`: `g` is the meeting, `m` whose it is. Binds `people` and as many moments `since`."""
