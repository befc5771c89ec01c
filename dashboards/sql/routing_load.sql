select owner_id as owner, leads, leads_in_turn, beyond_share, open_leads, escalations_taken, escalations_lost
from marts.routing_load
where ($owner is null or owner_id = $owner)
order by leads desc, owner
