{{ config(materialized='watched', unique_key='object') }}
-- What an association can point at. Watched, so that those that look at it are made anew only where a record comes or goes.
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
union all
select
    'tickets' as object,
    ticket_id as record_id
from {{ ref('stg_hubspot__tickets') }}
union all
select
    'leads' as object,
    lead_id as record_id
from {{ ref('stg_hubspot__leads') }}
union all
select
    'calls' as object,
    call_id as record_id
from {{ ref('stg_hubspot__calls') }}
union all
select
    'emails' as object,
    email_id as record_id
from {{ ref('stg_hubspot__emails') }}
union all
select
    'meetings' as object,
    meeting_id as record_id
from {{ ref('stg_hubspot__meetings') }}
union all
select
    'notes' as object,
    note_id as record_id
from {{ ref('stg_hubspot__notes') }}
union all
select
    'tasks' as object,
    task_id as record_id
from {{ ref('stg_hubspot__tasks') }}
union all
select
    'communications' as object,
    communication_id as record_id
from {{ ref('stg_hubspot__communications') }}
union all
select
    'line_items' as object,
    line_item_id as record_id
from {{ ref('stg_hubspot__line_items') }}
