select
    replace(segment_value, '_', ' ') as source,
    won,
    lost,
    win_rate,
    win_rate_by_value
from marts.win_rates
where
    definition = 'closed'
    and period is null
    and pipeline = coalesce($pipeline, 'all')
    and segment = 'channel'
    and won + lost >= 3
order by win_rate, source
