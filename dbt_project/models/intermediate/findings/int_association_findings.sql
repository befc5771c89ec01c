-- Of what is looked at for orphans associations are the most: by themselves they stay as they are until a record comes or goes.
with there as (
    select hash(object, record_id) as record
    from {{ ref('int_hubspot_records') }}
)

-- Compared as one number: two texts of each end of so many would be most of what this takes.
select
    'association_without_record' as finding,
    'hubspot' as vendor,
    'associations' as object,
    from_type || ' ' || from_id || ' to ' || to_type || ' ' || to_id as example_id
from {{ ref('stg_hubspot__associations') }}
where
    hash(from_type, from_id) not in (select there.record from there)
    or hash(to_type, to_id) not in (select there.record from there)
