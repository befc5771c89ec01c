with people as (
    select distinct
        opportunities.opportunity_id,
        members.person_id,
        named.via
    from {{ ref('int_opportunity_contacts') }} as named
    inner join {{ ref('int_opportunity_members') }} as opportunities
        on named.opportunity_key = opportunities.record_key
    inner join {{ ref('int_person_members') }} as members on named.person_key = members.record_key
),

-- Contact roles say who took part; without any, the associations do; without either, everyone at the account.
best as (
    select
        opportunity_id,
        max(via) as via
    from people
    group by opportunity_id
),

chosen as (
    select
        people.opportunity_id,
        people.person_id,
        people.via
    from people
    inner join best on people.opportunity_id = best.opportunity_id and people.via = best.via

    union all

    select
        opportunities.opportunity_id,
        persons.person_id,
        'account' as via
    from {{ ref('int_opportunities') }} as opportunities
    inner join {{ ref('int_people') }} as persons on opportunities.account_id = persons.account_id
    where opportunities.opportunity_id not in (select best.opportunity_id from best)
)

select * from chosen
