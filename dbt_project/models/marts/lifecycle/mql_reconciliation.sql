{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='person_id', on_schema_change='fail',
    follows=['int_lifecycle_stays', 'int_person_lifecycle', 'int_people']
) }}
-- What a CRM counts are its records, by their first entry into marketing qualified; what we count are people, by the
-- date the rule picks. One record stands for a person, and agrees when its month is ours.
with first_entries as (
    select
        vendor,
        record_key,
        person_id,
        entered_at,
        entered_how
    from {{ ref('int_lifecycle_stays') }}
    where canonical_stage = 'marketing_qualified_lead' and {{ is_due('person_id') }}
    qualify row_number() over (partition by record_key order by stay) = 1
),

counted_by_crm as (
    select
        *,
        {{ business_month('entered_at') }} as month,
        row_number() over (
            partition by vendor, person_id
            order by (entered_how = 'written_by_us') asc, entered_at asc, record_key asc
        ) as place
    from first_entries
),

known as (
    select
        person_id,
        unnest(['hubspot', 'salesforce']) as vendor,
        unnest([len(source_records_hubspot), len(source_records_salesforce)]) as records
    from {{ ref('int_people') }}
    where {{ is_due('person_id') }}
),

counted_by_us as (
    select
        vendors.vendor,
        dates.person_id,
        dates.mql_at,
        {{ business_month('dates.mql_at') }} as month,
        coalesce(known.records, 0) as records
    from {{ ref('int_person_lifecycle') }} as dates
    cross join (values ('hubspot'), ('salesforce')) as vendors (vendor)
    left join known on dates.person_id = known.person_id and vendors.vendor = known.vendor
    where dates.mql_at is not null and {{ is_due('dates.person_id') }}
),

of_crm as (
    select
        crm.vendor as crm,
        crm.person_id,
        crm.record_key,
        crm.month,
        crm.entered_at as mql_at_crm,
        ours.mql_at as mql_at_ours,
        1 as counted_by_crm,
        case when crm.place = 1 and crm.month = ours.month then 1 else 0 end as counted_by_us,
        case
            when crm.place > 1 then 'duplicate_record'
            when crm.month = ours.month then 'agrees'
            when ours.month is null then 'written_by_us'
            else 'dated_by_the_other_crm'
        end as reason
    from counted_by_crm as crm
    left join counted_by_us as ours on crm.person_id = ours.person_id and crm.vendor = ours.vendor
),

of_us as (
    select
        ours.vendor as crm,
        ours.person_id,
        cast(null as varchar) as record_key,
        ours.month,
        crm.entered_at as mql_at_crm,
        ours.mql_at as mql_at_ours,
        0 as counted_by_crm,
        1 as counted_by_us,
        case
            when crm.person_id is not null then 'dated_by_the_other_crm'
            when ours.records = 0 then 'not_in_this_crm'
            else 'not_qualified_in_this_crm'
        end as reason
    from counted_by_us as ours
    left join counted_by_crm as crm
        on ours.person_id = crm.person_id and ours.vendor = crm.vendor and crm.place = 1
    where crm.month is distinct from ours.month
),

unioned as (
    select * from of_crm
    union all
    select * from of_us
)

select
    crm,
    person_id,
    coalesce(record_key, '') as record_key,
    month,
    mql_at_crm,
    mql_at_ours,
    counted_by_crm,
    counted_by_us,
    counted_by_us - counted_by_crm as difference,
    reason
from unioned
