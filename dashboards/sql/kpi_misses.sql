select
    replace(kpi, '_', ' ') as kpi,
    replace(object, '_', ' ') as object,
    case kpi
        when 'lead_response_time' then split_part(reason, ' ', 1) || ' longer than the target'
        when 'attribution_coverage' then 'won without a touch that covers it'
        when 'data_quality_score' then replace(reason, '_', ' ')
        else regexp_replace(reason, '[0-9]+', '…', 'g')
    end as reason,
    count(*) as rows,
    min(subject) as for_instance
from marts.kpi_misses
group by all
order by rows desc, kpi, object, reason
