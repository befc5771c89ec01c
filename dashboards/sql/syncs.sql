select
    strftime(started_at, '%Y-%m-%d %H:%M') as run,
    sum(planned) as planned,
    sum(written) as written,
    sum(failed) as failed,
    sum(api_calls) as calls
from marts.sync_health
group by run
order by run
