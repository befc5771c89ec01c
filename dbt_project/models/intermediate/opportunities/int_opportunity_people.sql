with people as (
    select
        opportunities.opportunity_id,
        members.person_id,
        max(named.via) as via
    from {{ ref('int_opportunity_contacts') }} as named
    inner join {{ ref('int_opportunity_members') }} as opportunities
        on named.opportunity_key = opportunities.record_key
    inner join {{ ref('int_person_members') }} as members on named.person_key = members.record_key
    group by opportunities.opportunity_id, members.person_id
),

-- Contact roles say who took part; without any, the associations do; without either, everyone at the account.
best as (
    select
        opportunity_id,
        max(via) as via
    from people
    group by opportunity_id
),

-- Asked before everyone at the account is joined: few deals name nobody.
unnamed as materialized (
    select
        opportunity_id,
        account_id
    from {{ ref('int_opportunities') }}
    where opportunity_id not in (select best.opportunity_id from best)
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
        unnamed.opportunity_id,
        persons.person_id,
        'account' as via
    from unnamed
    inner join {{ ref('int_people') }} as persons on unnamed.account_id = persons.account_id
)

select * from chosen
