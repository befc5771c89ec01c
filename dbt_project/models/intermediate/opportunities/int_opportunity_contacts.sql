with contact_roles as (
    select
        {{ record_key('salesforce', 'Opportunity', 'opportunity_id') }} as opportunity_key,
        {{ record_key('salesforce', 'Contact', 'contact_id') }} as person_key,
        'contact_role' as via
    from {{ ref('stg_salesforce__opportunity_contact_roles') }}

    union all

    select
        record_key as opportunity_key,
        {{ record_key('salesforce', 'Contact', 'contact_id') }} as person_key,
        'contact_role' as via
    from {{ ref('stg_salesforce__opportunities') }}
    where contact_id is not null
),

associations as (
    select
        {{ record_key('hubspot', 'deals', 'from_id') }} as opportunity_key,
        {{ record_key('hubspot', 'contacts', 'to_id') }} as person_key,
        'association' as via
    from {{ ref('stg_hubspot__associations') }}
    where from_type = 'deals' and to_type = 'contacts'
),

named as (
    select * from contact_roles
    union all
    select * from associations
)

select
    opportunity_key,
    person_key,
    via
from named
where opportunity_key is not null and person_key is not null
