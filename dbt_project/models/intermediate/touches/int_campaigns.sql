-- One campaign over all CRMs. What differs is taken from Salesforce first, and a cost once, from the first that knows it.
with ranked as (
    select
        members.campaign_id,
        records.*,
        row_number() over (
            partition by members.campaign_id
            order by records.vendor != 'salesforce', records.vendor != 'hubspot', records.record_key
        ) as place
    from {{ ref('int_campaign_members') }} as members
    inner join {{ ref('int_campaign_records') }} as records on members.record_key = records.record_key
),

priced as (
    select
        *,
        -- The rate of the day on which the campaign ended, or of today while it runs.
        least(
            coalesce(max(end_date) over (partition by campaign_id), {{ run_value('business_date') }}),
            {{ run_value('business_date') }}
        ) as rate_date
    from ranked
),

rated as (
    select
        priced.record_key,
        arg_min(rates.rate, rates.rank) as rate
    from priced
    inner join {{ ref('int_exchange_rates') }} as rates
        on
            priced.currency = rates.currency
            and priced.rate_date >= rates.from_date
            and coalesce(priced.rate_date < rates.until_date, true)
    group by priced.record_key
),

-- Each record's money in the company's currency before anything is added up.
converted as (
    select
        priced.*,
        case
            when priced.currency = {{ run_value('company_currency') }} then priced.cost
            else round(cast(priced.cost as double) * rated.rate, 2)
        end as cost_in_company,
        case
            when priced.currency = {{ run_value('company_currency') }} then priced.budget
            else round(cast(priced.budget as double) * rated.rate, 2)
        end as budget_in_company
    from priced
    left join rated on priced.record_key = rated.record_key
),

-- A cost is known of one record; two records of one CRM each cost something of their own. What they cost in one currency
-- is told in it, in several in the company's; where a rate is lacking the sum is unknown, and not what is left of it.
costed as (
    select
        campaign_id,
        vendor,
        min(place) as place,
        count(distinct currency) filter (where cost is not null) <= 1 as is_one_cost,
        count(distinct currency) filter (where budget is not null) <= 1 as is_one_budget,
        arg_min(currency, place) filter (where cost is not null) as currency,
        sum(cost) as cost,
        sum(budget) as budget,
        case when count(cost_in_company) = count(cost) then sum(cost_in_company) end as cost_in_company,
        case when count(budget_in_company) = count(budget) then sum(budget_in_company) end as budget_in_company
    from converted
    group by campaign_id, vendor
),

spent as (
    select
        campaign_id,
        arg_min(vendor, place) filter (where cost is not null) as cost_from,
        first(
            struct_pack(
                told := case when is_one_cost then cost else cost_in_company end,
                currency := case when is_one_cost then currency else {{ run_value('company_currency') }} end,
                converted := cost_in_company
            ) order by place
        ) filter (where cost is not null) as cost,
        arg_min(case when is_one_budget then budget else budget_in_company end, place) filter (where budget is not null) as budget
    from costed
    group by campaign_id
),

grouped as (
    select
        campaign_id,
        {{ pick('name', 'place') }} as name,
        {{ pick('type', 'place') }} as type,
        {{ pick('status', 'place') }} as status,
        {{ pick('utm', 'place') }} as utm,
        min(start_date) as start_date,
        max(end_date) as end_date,
        arg_min(record_id, place) filter (where vendor = 'salesforce') as campaign_id_salesforce,
        arg_min(record_id, place) filter (where vendor = 'hubspot') as campaign_id_hubspot,
        arg_min(record_id, place) filter (where vendor = 'marketing_cloud') as campaign_id_marketing_cloud,
        arg_min(parent_record_key, place) filter (where parent_record_key is not null) as parent_record_key,
        count(*) as records
    from ranked
    group by campaign_id
)

select
    grouped.* exclude (parent_record_key),
    spent.cost.told as cost,
    spent.cost.currency as cost_currency,
    spent.cost_from,
    spent.budget,
    parents.campaign_id as parent_campaign_id,
    cast(spent.cost.converted as decimal(18, 2)) as cost_converted
from grouped
inner join spent on grouped.campaign_id = spent.campaign_id
left join {{ ref('int_campaign_members') }} as parents
    on grouped.parent_record_key = parents.record_key and grouped.campaign_id != parents.campaign_id
