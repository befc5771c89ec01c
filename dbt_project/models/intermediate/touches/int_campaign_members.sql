-- Records that are one campaign, however long the chain. It is named after its Salesforce record, where there is one.
with recursive edges as (
    select
        left_key as a,
        right_key as b
    from {{ ref('int_campaign_pairs') }}
    where verdict = 'same'
    union all
    select
        right_key as a,
        left_key as b
    from {{ ref('int_campaign_pairs') }}
    where verdict = 'same'
),

reached as (
    select
        record_key as a,
        record_key as b
    from {{ ref('int_campaign_records') }}
    union
    select
        reached.a,
        edges.b
    from reached
    inner join edges on reached.b = edges.a
)

select
    reached.a as record_key,
    arg_min(
        reached.b, (reached.b not like 'salesforce:%', reached.b not like 'hubspot:%', reached.b)
    ) as campaign_id
from reached
group by reached.a
