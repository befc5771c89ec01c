-- Over all purposes: whoever refuses all e-mail, or every purpose there is, is opted out.
with purposes as (
    select count(*) as purposes
    from {{ ref('stg_hubspot__subscription_types') }}
    where coalesce(is_active, true)
),

counted as (
    select
        consents.person_id,
        bool_or(consents.purpose_id = 'all_email' and consents.state = 'opted_out') as refuses_all,
        count(*) filter (where consents.purpose_id != 'all_email' and consents.state = 'opted_out') as refused,
        count(*) filter (
            where consents.purpose_id like 'hubspot:%' and consents.state = 'opted_out'
        ) as types_refused,
        count(*) filter (where consents.purpose_id != 'all_email' and consents.state = 'opted_in') as agreed,
        list(consents.purpose order by consents.purpose) filter (
            where consents.purpose_id != 'all_email' and consents.state = 'opted_in'
        ) as purposes_opted_in,
        list(consents.purpose order by consents.purpose) filter (
            where consents.purpose_id != 'all_email' and consents.state = 'opted_out'
        ) as purposes_opted_out
    from {{ ref('int_consents') }} as consents
    group by consents.person_id
)

select
    counted.person_id,
    case
        when counted.refuses_all then 'opted_out'
        when counted.types_refused > 0 and counted.types_refused >= purposes.purposes then 'opted_out'
        when counted.refused > 0 then 'partly_opted_out'
        when counted.agreed > 0 then 'opted_in'
        else 'not_specified'
    end as consent,
    coalesce(counted.purposes_opted_in, []) as purposes_opted_in,
    coalesce(counted.purposes_opted_out, []) as purposes_opted_out
from counted
cross join purposes
