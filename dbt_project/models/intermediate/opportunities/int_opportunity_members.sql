-- A deal and an opportunity are one when the connector says so; the id comes from the older record.
with linked as (
    select
        records.record_key,
        records.created_at,
        coalesce(opportunities.record_key, records.record_key) as link_key,
        opportunities.record_key is not null as is_linked
    from {{ ref('int_opportunity_records') }} as records
    left join {{ ref('int_opportunity_records') }} as opportunities
        on records.linked_record_key = opportunities.record_key
),

founders as (
    select
        link_key,
        first(record_key order by created_at asc nulls last, record_key asc) as founder_key
    from linked
    group by link_key
)

select
    linked.record_key,
    {{ short_hash('founders.founder_key') }} as opportunity_id,
    case when linked.is_linked then 'connector' else 'founder' end as matched_by
from linked
inner join founders on linked.link_key = founders.link_key
