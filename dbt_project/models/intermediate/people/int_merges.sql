-- Which record took over which, in either CRM.
select
    object,
    survivor_key,
    merged_key
from {{ ref('stg_hubspot__merges') }}

union all

select
    object,
    survivor_key,
    merged_key
from {{ ref('stg_salesforce__merges') }}
