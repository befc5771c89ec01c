-- Open deals that hang on a record: of a person by contact role or association, of a company by itself. Few records have a
-- duplicate, so what ties a deal to one is made distinct at the end.
with named as (
    select
        person_key as record_key,
        opportunity_key
    from {{ ref('int_opportunity_contacts') }}

    union all

    select
        account_record_key as record_key,
        record_key as opportunity_key
    from {{ ref('int_opportunity_records') }}
    where account_record_key is not null

    union all

    select
        {{ record_key('hubspot', 'companies', 'to_id') }} as record_key,
        {{ record_key('hubspot', 'deals', 'from_id') }} as opportunity_key
    from {{ ref('stg_hubspot__associations') }}
    where from_type = 'deals' and to_type = 'companies'
)

select distinct
    duplicates.duplicate_id,
    duplicates.record_key,
    opportunities.opportunity_id,
    opportunities.amount_converted
from {{ ref('int_duplicate_records') }} as duplicates
inner join named on duplicates.record_key = named.record_key
inner join {{ ref('int_opportunity_members') }} as members on named.opportunity_key = members.record_key
inner join {{ ref('int_opportunities') }} as opportunities
    on members.opportunity_id = opportunities.opportunity_id and not opportunities.is_closed
