select
    replace(object, '_', ' ') as object,
    dimension,
    replace(field, '_', ' ') as field,
    asked,
    held,
    share
from marts.data_quality
order by share nulls last, object, field
