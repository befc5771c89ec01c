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

costed as (
    select
        *,
        -- A cost is known of one record; two records of one CRM each cost something of their own.
        sum(cost) over (partition by campaign_id, vendor) as cost_of_vendor,
        sum(budget) over (partition by campaign_id, vendor) as budget_of_vendor
    from ranked
),

grouped as (
    select
        campaign_id,
        {{ pick('name', 'place') }} as name,
        {{ pick('type', 'place') }} as type,
        {{ pick('status', 'place') }} as status,
        {{ pick('utm', 'place') }} as utm,
        {{ pick('cost_of_vendor', 'place') }} as cost,
        arg_min(currency, place) filter (where cost is not null) as cost_currency,
        arg_min(vendor, place) filter (where cost is not null) as cost_from,
        {{ pick('budget_of_vendor', 'place') }} as budget,
        min(start_date) as start_date,
        max(end_date) as end_date,
        arg_min(record_id, place) filter (where vendor = 'salesforce') as campaign_id_salesforce,
        arg_min(record_id, place) filter (where vendor = 'hubspot') as campaign_id_hubspot,
        arg_min(record_id, place) filter (where vendor = 'marketing_cloud') as campaign_id_marketing_cloud,
        arg_min(parent_record_key, place) filter (where parent_record_key is not null) as parent_record_key,
        count(*) as records
    from costed
    group by campaign_id
),

priced as (
    select
        *,
        -- The rate of the day on which the campaign ended, or of today while it runs.
        coalesce(least(end_date, {{ run_value('business_date') }}), {{ run_value('business_date') }}) as rate_date
    from grouped
),

rated as (
    select
        grouped.campaign_id,
        arg_min(rates.rate, rates.rank) as rate
    from priced as grouped
    inner join {{ ref('int_exchange_rates') }} as rates
        on
            grouped.cost_currency = rates.currency
            and grouped.rate_date >= rates.from_date
            and coalesce(grouped.rate_date < rates.until_date, true)
    group by grouped.campaign_id
)

select
    grouped.* exclude (parent_record_key),
    parents.campaign_id as parent_campaign_id,
    cast(
        case
            when grouped.cost_currency = {{ run_value('company_currency') }} then grouped.cost
            else round(cast(grouped.cost as double) * rated.rate, 2)
        end as decimal(18, 2)
    ) as cost_converted
from grouped
left join {{ ref('int_campaign_members') }} as parents
    on grouped.parent_record_key = parents.record_key and grouped.campaign_id != parents.campaign_id
left join rated on grouped.campaign_id = rated.campaign_id
