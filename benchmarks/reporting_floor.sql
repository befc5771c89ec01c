-- The pipeline's marts as one person would write them for this one question, over the raw histories. Given are who is
-- the same deal (int_opportunity_members), what it is now (int_opportunities) and what it is grouped by
-- (int_deal_segments). No late config, no labels of stages, no merging by survivorship, no owners over time, no tests,
-- nothing kept for a next run: less than the marts do, for their numbers.
drop schema if exists plain cascade;
create schema plain;

create table plain.moves as
with moves as (
    select 'hubspot' as vendor, id, changed_at, epoch_us(changed_at)::varchar as tie, value as stage
    from raw_hubspot.deals_property_history where property = 'dealstage' and value != ''
    union all
    select 'salesforce', "OpportunityId", "CreatedDate", "Id", "StageName"
    from raw_salesforce.opportunity_history where "StageName" is not null
)
select members.opportunity_id, moves.*
from moves
join intermediate.int_opportunity_members as members
    on moves.vendor = split_part(members.record_key, ':', 1) and moves.id = split_part(members.record_key, ':', 4)
where moves.changed_at is not null
qualify dense_rank() over (partition by members.opportunity_id order by moves.vendor desc, members.record_key) = 1;

create table plain.stage_history as
with entries as (
    select * from plain.moves
    qualify stage is distinct from lag(stage) over (partition by opportunity_id order by changed_at, tie)
)
select
    entries.opportunity_id, entries.stage, coalesce(stages.canonical_stage, 'unmapped') as canonical_stage,
    stages.position, coalesce(stages.is_closed, false) as is_closed, coalesce(stages.is_won, false) as is_won,
    entries.changed_at as entered_at,
    lead(entries.changed_at) over (partition by entries.opportunity_id order by entries.changed_at, entries.tie) as left_at,
    row_number() over (partition by entries.opportunity_id order by entries.changed_at, entries.tie) as stay
from entries
left join rules.stages as stages
    on entries.vendor = stages.vendor and stages.pipeline = '*' and lower(entries.stage) = lower(stages.stage);

create table plain.states as
with told as (select distinct opportunity_id, vendor, id from plain.moves),
salesforce as (
    select told.opportunity_id, history."CreatedDate" as valid_from, history."Id" as tie, history."StageName" as stage,
        history."Amount"::decimal(18, 2) as amount, history."CloseDate"::date as close_date,
        history."ForecastCategory" as category
    from raw_salesforce.opportunity_history as history join told on history."OpportunityId" = told.id
    where told.vendor = 'salesforce'
),
set_at as (
    select told.opportunity_id, history.changed_at as valid_from,
        max(value) filter (where property = 'dealstage') as stage,
        max(value) filter (where property = 'amount') as amount,
        max(value) filter (where property = 'closedate') as close_date
    from raw_hubspot.deals_property_history as history join told on history.id = told.id
    where told.vendor = 'hubspot' and property in ('dealstage', 'amount', 'closedate')
    group by all
),
hubspot as (
    select opportunity_id, valid_from, '' as tie,
        last_value(stage ignore nulls) over deal as stage,
        try_cast(last_value(amount ignore nulls) over deal as decimal(18, 2)) as amount,
        coalesce(
            to_timestamp(try_cast(last_value(close_date ignore nulls) over deal as bigint) / 1000.0),
            try_cast(last_value(close_date ignore nulls) over deal as timestamptz)
        )::date as close_date,
        null as category
    from set_at
    window deal as (partition by opportunity_id order by valid_from)
),
states as (
    from hubspot where stage is not null union all from salesforce
)
select
    states.opportunity_id, states.valid_from, states.tie,
    lead(states.valid_from) over (partition by states.opportunity_id order by states.valid_from, states.tie) as valid_to,
    coalesce(stages.canonical_stage, 'unmapped') as canonical_stage, coalesce(stages.is_closed, false) as is_closed,
    coalesce(stages.is_won, false) as is_won,
    round(states.amount::double * coalesce(rates.rate, 1), 2)::decimal(18, 2) as amount,
    states.close_date, coalesce(labels.probability, standard.probability) as probability,
    coalesce(states.category, standard.category) as category
from states
join told on states.opportunity_id = told.opportunity_id
left join rules.stages as stages
    on told.vendor = stages.vendor and stages.pipeline = '*' and lower(states.stage) = lower(stages.stage)
left join (select id, any_value(probability) as probability from raw_hubspot.pipeline_stages where object_type = 'deals'
    group by id) as labels on told.vendor = 'hubspot' and states.stage = labels.id
left join (select "ApiName" as stage, max("DefaultProbability") / 100.0 as probability,
    max("ForecastCategoryName") as category from raw_salesforce.opportunity_stage group by all) as standard
    on told.vendor = 'salesforce' and states.stage = standard.stage
left join (select opportunity_id, any_value(amount_converted / nullif(amount, 0)) as rate
    from intermediate.int_opportunities group by all) as rates on states.opportunity_id = rates.opportunity_id;

create table plain.pipeline_snapshots as
with days as (
    select day::date as snapshot_date,
        least(((day + interval 1 day) at time zone run.business_zone), run.as_of + interval 1 microsecond) as ends_at
    from rules.run as run, unnest(generate_series(
        (select min(valid_from) from plain.states)::date::timestamp, run.business_date::timestamp, interval 1 day
    )) as series (day)
    where day > run.business_date - 92 or day::date = last_day(day::date)
)
select
    days.snapshot_date, states.canonical_stage, states.category, date_trunc('quarter', states.close_date)::date as quarter,
    count(*) as opportunities, sum(states.amount) as amount, sum(states.amount * states.probability) as weighted
from days
join plain.states as states
    on states.valid_from < days.ends_at and (states.valid_to is null or states.valid_to >= days.ends_at)
where not states.is_closed
group by all;

create table plain.forecasts as
with won as (
    select days.snapshot_date, date_trunc('quarter', states.close_date)::date as quarter, sum(states.amount) as closed
    from (select distinct snapshot_date from plain.pipeline_snapshots) as days
    join plain.states as states
        on states.valid_from < (days.snapshot_date + 1)::timestamp at time zone (select business_zone from rules.run)
        and (states.valid_to is null
            or states.valid_to >= (days.snapshot_date + 1)::timestamp at time zone (select business_zone from rules.run))
    where states.is_won and states.close_date >= date_trunc('quarter', days.snapshot_date)
    group by all
),
open as (
    select snapshot_date, quarter, sum(weighted) as weighted, sum(amount) filter (where category = 'Forecast') as commit
    from plain.pipeline_snapshots group by all
)
select coalesce(open.snapshot_date, won.snapshot_date) as snapshot_date, coalesce(open.quarter, won.quarter) as quarter,
    won.closed, open.weighted, open.commit
from open full join won on open.snapshot_date = won.snapshot_date and open.quarter = won.quarter;

create table plain.deals as
select deals.opportunity_id, deals.is_closed, deals.is_won, deals.amount_converted as amount, segments.* exclude (opportunity_id),
    date_trunc('month', deals.created_at at time zone run.business_zone)::date as created_month,
    date_trunc('month', deals.close_date)::date as closed_month, deals.close_date,
    case when deals.closed_at >= deals.created_at then epoch(deals.closed_at - deals.created_at) / 86400
        when deals.close_date >= (deals.created_at at time zone run.business_zone)::date then 0 end as days
from intermediate.int_opportunities as deals
join intermediate.int_deal_segments as segments on deals.opportunity_id = segments.opportunity_id, rules.run as run;

create table plain.pipeline_velocity as
with counted as (
    select created_month as month, 'created' as definition, is_closed as is_decided, is_won, amount, days,
        owner, team, product, source, pipeline
    from plain.deals where created_month is not null
    union all
    select unnest(generate_series(created_month::timestamp, case when is_closed
            then least(closed_month, date_trunc('month', run.business_date)) else date_trunc('month', run.business_date)
            end::timestamp, interval 1 month))::date as month,
        'open', is_closed and closed_month = month, is_won and closed_month = month, amount, days,
        owner, team, product, source, pipeline
    from plain.deals, rules.run as run where created_month is not null
)
select month, definition, owner, team, product, source, pipeline, count(*) as deals,
    count(*) filter (where is_won) / nullif(count(*) filter (where is_decided), 0) as win_rate,
    avg(amount) filter (where is_won) as size, avg(days) filter (where is_won) as days,
    coalesce(sum(amount) filter (where is_won), 0) / nullif(sum(amount) filter (where is_decided), 0)
        as win_rate_by_value,
    sum(amount) as amount
from counted
group by grouping sets ((month, definition), (month, definition, owner), (month, definition, team),
    (month, definition, product), (month, definition, source), (month, definition, pipeline));

create table plain.spells as
with entered as (
    select * from plain.stage_history
    qualify canonical_stage is distinct from lag(canonical_stage) over (partition by opportunity_id order by stay)
)
select * replace (lead(entered_at) over (partition by opportunity_id order by stay) as left_at) from entered;

create table plain.stage_conversions as
with followed as (
    select *, max(case when not is_closed then position end) over rest > position or bool_or(is_won) over rest as advanced,
        last_value(is_won) over rest as wins, last_value(is_closed and not is_won) over rest as loses,
        row_number() over (partition by opportunity_id, canonical_stage order by stay) as visit
    from plain.spells
    window rest as (partition by opportunity_id order by stay rows between 1 following and unbounded following)
)
select date_trunc('month', followed.entered_at at time zone (select business_zone from rules.run))::date as month,
    followed.canonical_stage, deals.pipeline, deals.owner, deals.team, deals.product, deals.source, count(*) as deals,
    count(*) filter (where advanced) as advanced, count(*) filter (where wins) as won, count(*) filter (where loses) as lost,
    median(epoch(left_at - entered_at) / 86400) as days
from followed join plain.deals as deals on followed.opportunity_id = deals.opportunity_id
where visit = 1 and not followed.is_closed
group by grouping sets ((month, canonical_stage), (month, canonical_stage, deals.pipeline),
    (month, canonical_stage, owner), (month, canonical_stage, team), (month, canonical_stage, product),
    (month, canonical_stage, source));

create table plain.time_in_stage as
with stays as (
    select spells.canonical_stage, deals.owner, deals.team, deals.product,
        epoch(coalesce(left_at, (select as_of from rules.run)) - entered_at) / 86400 as days, left_at is not null as ended
    from plain.spells join plain.deals as deals on spells.opportunity_id = deals.opportunity_id where not spells.is_closed
),
cuts as (
    select canonical_stage, 'all' as cut, days, ended from stays union all
    select canonical_stage, owner, days, ended from stays union all
    select canonical_stage, team, days, ended from stays union all
    select canonical_stage, product, days, ended from stays
),
at_risk as (
    select *, count(*) over (partition by canonical_stage, cut order by days desc range unbounded preceding) as remaining
    from cuts
),
survival as (
    select canonical_stage, cut, days, exp(sum(case when not ended then 0 when remaining > 1 then ln(1 - 1.0 / remaining)
        else -99 end) over (partition by canonical_stage, cut order by days)) as still_there
    from at_risk
)
select canonical_stage, cut, min(days) filter (where still_there <= 0.5 + 1e-9) as median_days,
    min(days) filter (where still_there <= 0.1 + 1e-9) as p90_days
from survival group by all;

create table plain.win_rates as
select closed_month, pipeline, owner, manager, team, territory, product, industry, company_size, size_band, source, channel,
    campaign, lead_source, count(*) filter (where is_won) as won, count(*) filter (where is_closed and not is_won) as lost,
    count(*) filter (where is_won) / count(*) as win_rate,
    sum(amount) filter (where is_won) / nullif(sum(amount), 0) as win_rate_by_value
from plain.deals where is_closed
group by cube (closed_month, pipeline), grouping sets ((), (owner), (manager), (team), (territory), (product), (industry),
    (company_size), (size_band), (source), (channel), (campaign), (lead_source));

create table plain.deal_sizes as
select date_trunc('quarter', coalesce(close_date, created_month))::date as quarter, is_closed, is_won, pipeline, owner, team,
    product, source, industry, count(*) as deals, avg(amount) as average, quantile_cont(amount, [0.25, 0.5, 0.75, 0.9]) as parts
from plain.deals where amount is not null
group by grouping sets ((quarter, is_closed, is_won)), cube (pipeline),
    grouping sets ((), (owner), (team), (product), (source), (industry));
