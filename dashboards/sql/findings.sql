select
    replace(finding, '_', ' ') as finding,
    severity,
    vendor,
    object,
    records,
    remedy
from marts.data_findings
order by records desc, finding, vendor, object
