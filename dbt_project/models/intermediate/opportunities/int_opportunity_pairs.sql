{#- A record that changed bears on its pairs, and through the best of each end on the others of those ends. -#}
{%- set pairs_touched -%}
    with moved as (select * from {int_opportunity_compared} where record_key in {due}),
    met as (
        {{ proposed_deals('moved', '{int_opportunity_compared}') }}
        union all
        {{ proposed_deals('{int_opportunity_compared}', 'moved') }}
        union all
        select left_key, right_key from {this} where left_key in {due} or right_key in {due}
    ),
    rights as (select * from {int_opportunity_compared} where record_key in (select met.right_key from met))
    select met.left_key as owner from met
    union all
    select met.left_key as owner from ({{ proposed_deals('{int_opportunity_compared}', 'rights') }}) as met
{%- endset -%}
{{ config(materialized='incremental', changed_rows_only=true, unique_key='left_key', through={'int_opportunity_compared': pairs_touched}) }}
{%- set agreed -%}
    ,
            concat_ws(
                ',',
                case when lefts.account_id = rights.account_id then 'account' end,
                case when lefts.amount = rights.amount and lefts.currency = rights.currency then 'amount' end,
                case when lefts.close_date = rights.close_date then 'close_date' end,
                case when list_has_any(lefts.people, rights.people) then 'contact' end,
                case when lefts.name = rights.name then 'name' end
            ) as agreed
{%- endset %}
-- A HubSpot deal beside each Salesforce opportunity of the same company or name, and in what the two agree.
with records as (
    select * from {{ ref('int_opportunity_compared') }}
),

lefts as (
    select * from records
    where {{ is_due('record_key') }}
),

near as (
    {{ proposed_deals('lefts', 'records') }}
),

-- All pairs of their other ends: how well these agree with others is looked at too.
rights as (
    select * from records
    where {{ may_be_due('record_key', 'select near.right_key from near') }}
),

listed as (
    {{ proposed_deals('records', 'rights', agreed) }}
),

-- Lines of deals.merge_when in config/identity.yml of which every word agrees.
met as (
    select
        listed.left_key,
        listed.right_key,
        string_split(listed.agreed, ',') as agreements,
        (
            select count(*)
            from {{ source('rules', 'identity') }} as policy
            where
                policy.setting = 'merge_when'
                and list_has_all(string_split(listed.agreed, ','), string_split(policy.value, ','))
        ) as lines
    from listed
),

ranked as (
    select
        met.left_key,
        met.right_key,
        met.agreements,
        met.lines,
        met.lines * 10 + len(met.agreements) as strength
    from met
),

-- What a record agrees in best, where it agrees so well with one other only.
left_best as (
    select
        ranked.left_key,
        max(ranked.strength) as strength
    from ranked
    group by ranked.left_key
    having len(max(ranked.strength, 2)) = 1 or max(ranked.strength, 2)[2] < max(ranked.strength)
),

right_best as (
    select
        ranked.right_key,
        max(ranked.strength) as strength
    from ranked
    group by ranked.right_key
    having len(max(ranked.strength, 2)) = 1 or max(ranked.strength, 2)[2] < max(ranked.strength)
)

-- A pair stands where nothing else agrees as well, on either side.
select
    ranked.left_key,
    ranked.right_key,
    ranked.agreements,
    ranked.lines,
    ranked.lines > 0 and left_best.left_key is not null and right_best.right_key is not null as is_exact
from ranked
left join left_best on ranked.left_key = left_best.left_key and ranked.strength = left_best.strength
left join right_best on ranked.right_key = right_best.right_key and ranked.strength = right_best.strength
where {{ is_due('ranked.left_key') }}
