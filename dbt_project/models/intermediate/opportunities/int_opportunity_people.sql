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
),

people as (
    select distinct
        opportunities.opportunity_id,
        members.person_id,
        named.via
    from named
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
