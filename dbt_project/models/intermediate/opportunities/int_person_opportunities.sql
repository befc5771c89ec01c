-- Only people whom a CRM names on the deal: to work at the same company makes nobody a customer.
select
    people.person_id,
    count(*) as opportunities,
    count(*) filter (where opportunities.is_won) as won_opportunities,
    count(*) filter (where not opportunities.is_closed) as open_opportunities
from {{ ref('int_opportunity_people') }} as people
inner join {{ ref('int_opportunities') }} as opportunities
    on people.opportunity_id = opportunities.opportunity_id
where people.via != 'account'
group by people.person_id
