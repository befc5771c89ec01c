select
    record_key,
    name,
    company_domain as domain,
    city,
    country,
    employees
from {{ ref('int_account_records') }}
