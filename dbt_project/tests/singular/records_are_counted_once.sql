-- No mart has fanned out or lost a row against its spine: each living record has one person, each person one row.
with counts as (
    select
        (select count(*) from {{ ref('int_person_records') }}) as records,
        (select count(*) from {{ ref('lead_identities') }}) as identities,
        (select sum(records) from {{ ref('unified_leads') }}) as records_of_people,
        (select count(*) from {{ ref('int_opportunity_records') }}) as deals,
        (select sum(records) from {{ ref('opportunities') }}) as deals_of_opportunities,
        (select count(*) from {{ ref('int_account_records') }}) as companies,
        (select sum(records) from {{ ref('unified_accounts') }}) as companies_of_accounts
)

select * from counts
where
    records != identities
    or records != coalesce(records_of_people, 0)
    or deals != coalesce(deals_of_opportunities, 0)
    or companies != coalesce(companies_of_accounts, 0)
