{{ config(
    materialized='incremental', changed_rows_only=true, tells_of_changed_only=true, unique_key='person_id', follows=['int_people', 'int_score_points'],
    owned={'crm_scores': 'select record_key as owner, hash(scores) as hashed from {crm_scores} as scores'},
    reached={'crm_scores': people_of('{moved}', 'hash(members.record_key)')},
    vouched_for=['int_person_members', 'int_person_records', 'int_changes_by_others']
) }}
{%- set never = utc_midnight("'1970-01-01'") -%}
with ours as (
    select
        person_id,
        {{ score_of('points') }} as score,
        '{' || coalesce(
            array_to_string(
                list_transform(
                    list_sort(list({ 'rule': rule, 'points': round(points, 1) }) filter (where round(points, 1) != 0)),
                    lambda told: '"' || told['rule'] || '": ' || told['points']
                ),
                ', '
            ),
            ''
        ) || '}' as detail
    from {{ ref('int_score_points') }}
    where {{ is_owner_due('person_id') }}
    group by person_id
),

-- What a CRM says of a person is what it says of the record that somebody else than us changed last.
theirs as (
    select
        members.person_id,
        arg_max(scores.score, (coalesce({{ changed_at('records', 'ours') }}, {{ never }}), records.record_key))
        filter (where scores.vendor = 'hubspot') as score_hubspot,
        arg_max(scores.score, (coalesce({{ changed_at('records', 'ours') }}, {{ never }}), records.record_key))
        filter (where scores.vendor = 'salesforce') as score_salesforce
    from {{ source('rules', 'crm_scores') }} as scores
    inner join {{ ref('int_person_members') }} as members on scores.record_key = members.record_key
    inner join {{ ref('int_person_records') }} as records on scores.record_key = records.record_key
    left join {{ ref('int_changes_by_others') }} as ours on scores.record_key = ours.record_key
    where {{ is_owner_due('members.person_id') }}
    group by members.person_id
),

side_by_side as (
    select
        people.person_id,
        coalesce(ours.score, 0) as lead_score_ours,
        theirs.score_hubspot as lead_score_hubspot,
        theirs.score_salesforce as lead_score_salesforce,
        coalesce(ours.detail, '{}') as lead_score_detail,
        (select settings.score_of_record from {{ source('rules', 'lead_score') }} as settings) as score_of_record
    from {{ ref('int_people') }} as people
    left join ours on people.person_id = ours.person_id
    left join theirs on people.person_id = theirs.person_id
    where {{ is_owner_due('people.person_id') }}
)

select
    person_id,
    case score_of_record
        when 'hubspot' then lead_score_hubspot
        when 'salesforce' then lead_score_salesforce
        else lead_score_ours
    end as lead_score,
    lead_score_ours,
    lead_score_hubspot,
    lead_score_salesforce,
    lead_score_detail
from side_by_side
