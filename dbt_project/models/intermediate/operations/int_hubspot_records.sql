-- What an association can point at.
select
    'contacts' as object,
    contact_id as record_id
from {{ ref('stg_hubspot__contacts') }}
union all
select
    'companies' as object,
    company_id as record_id
from {{ ref('stg_hubspot__companies') }}
union all
select
    'deals' as object,
    deal_id as record_id
from {{ ref('stg_hubspot__deals') }}
