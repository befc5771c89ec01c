-- By itself, for it is small: while it is the same, whoever reads it need not look at millions of associations.
select
    from_id as company_id,
    to_id as parent_id
from {{ ref('stg_hubspot__associations') }}
where from_type = 'companies' and to_type = 'companies' and type_id = 14 and category = 'HUBSPOT_DEFINED'
