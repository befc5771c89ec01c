{{ config(materialized='incremental', unique_key='person_id', follows=['int_consents']) }}
-- Over all purposes: whoever refuses all e-mail, or each of several purposes that there are, is opted out. A refusal of
-- the only purpose that is known is not one of all e-mail.
with purposes as (
    select 'hubspot:' || subscription_type_id as purpose_id
    from {{ ref('stg_hubspot__subscription_types') }}
    where coalesce(is_active, true)

    union

    select purpose_id
    from {{ source('rules', 'consent_purposes') }}
),

counted as (
    select
        consents.person_id,
        bool_or(consents.purpose_id = 'all_email' and consents.state = 'opted_out') as refuses_all,
        count(*) filter (where consents.purpose_id != 'all_email' and consents.state = 'opted_out') as refused,
        count(*) filter (where purposes.purpose_id is not null and consents.state = 'opted_out') as known_refused,
        count(*) filter (where consents.purpose_id != 'all_email' and consents.state = 'opted_in') as agreed,
        list(consents.purpose order by consents.purpose) filter (
            where consents.purpose_id != 'all_email' and consents.state = 'opted_in'
        ) as purposes_opted_in,
        list(consents.purpose order by consents.purpose) filter (
            where consents.purpose_id != 'all_email' and consents.state = 'opted_out'
        ) as purposes_opted_out
    from {{ ref('int_consents') }} as consents
    left join purposes on consents.purpose_id = purposes.purpose_id
    where {{ is_due('consents.person_id') }}
    group by consents.person_id
),

every as (
    select count(*) as purposes
    from purposes
)

select
    counted.person_id,
    case
        when counted.refuses_all then 'opted_out'
        when every.purposes > 1 and counted.known_refused >= every.purposes then 'opted_out'
        when counted.refused > 0 then 'partly_opted_out'
        when counted.agreed > 0 then 'opted_in'
        else 'not_specified'
    end as consent,
    coalesce(counted.purposes_opted_in, []) as purposes_opted_in,
    coalesce(counted.purposes_opted_out, []) as purposes_opted_out
from counted
cross join every
