{{ config(materialized='watched', unique_key='address') }}
-- HubSpot keeps subscriptions by address.
select
    {{ normalize_email('email') }} as address,
    subscription_id,
    subscription_name,
    status,
    changed_at,
    legal_basis
from {{ ref('stg_hubspot__subscription_statuses') }}
