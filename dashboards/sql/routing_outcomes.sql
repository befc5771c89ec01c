select state, coalesce(nullif(rule, ''), 'no rule') as rule, caused_by, reason, leads, median_hours_to_assign
from marts.routing_outcomes
order by leads desc, state, rule, caused_by, reason
