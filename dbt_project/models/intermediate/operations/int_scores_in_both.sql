with hubspot as (
    select
        person_id,
        any_value(lead_score order by record_id) as score
    from {{ ref('existing_hubspot__contacts') }}
    where lead_score is not null
    group by person_id
),

salesforce as (
    select
        person_id,
        any_value(score order by record_id) as score
    from (
        select
            person_id,
            record_id,
            lead_score__c as score
        from {{ ref('existing_salesforce__contacts') }}
        union all
        select
            person_id,
            record_id,
            lead_score__c as score
        from {{ ref('existing_salesforce__leads') }}
    )
    where score is not null
    group by person_id
)

select
    hubspot.person_id,
    hubspot.score = salesforce.score as is_same
from hubspot
inner join salesforce on hubspot.person_id = salesforce.person_id
where hubspot.person_id is not null
