-- Not one raw table but a fact that the deleted rows of three of them hold: which record took over which.
with merged as (
    select
        'Lead' as object,
        {{ record_key('salesforce', 'Lead', 'masterrecordid') }} as survivor_key,
        {{ record_key('salesforce', 'Lead', 'id') }} as merged_key
    from {{ source('raw_salesforce', 'lead') }}
    where masterrecordid is not null

    union all

    select
        'Contact' as object,
        {{ record_key('salesforce', 'Contact', 'masterrecordid') }} as survivor_key,
        {{ record_key('salesforce', 'Contact', 'id') }} as merged_key
    from {{ source('raw_salesforce', 'contact') }}
    where masterrecordid is not null

    union all

    select
        'Account' as object,
        {{ record_key('salesforce', 'Account', 'masterrecordid') }} as survivor_key,
        {{ record_key('salesforce', 'Account', 'id') }} as merged_key
    from {{ source('raw_salesforce', 'account') }}
    where masterrecordid is not null
)

select * from merged
