{#- For an incremental model about people: whose these records are (`{int_person_members}`). -#}
{% macro people_of(records, by='members.record_key') -%}
    select members.person_id as owner from {int_person_members} as members where {{ by }} in {{ records }}
{%- endmacro %}

{#- Whose they are and whose they were, by the records that stand in `{this}`. -#}
{% macro people_with(records) -%}
    {{ people_of(records) }} union all select person_id as owner from {this} where record_key in {{ records }}
{%- endmacro %}

{#- Of these records those that are somebody else's now than in `{this}`, where each of somebody's stands: both. -#}
{% macro people_moved(records) -%}
    select unnest([members.person_id, before.person_id]) as owner
    from (select distinct record_key, person_id from {this} where record_key in {{ records }}) as before
    full outer join (select * from {int_person_members} where record_key in {{ records }}) as members
        on before.record_key = members.record_key
    where before.person_id is distinct from members.person_id
{%- endmacro %}

{#- And whose they were, by the person that stands in `{this}`. -#}
{% macro people_before(records) -%}
    select
        before.person_id as owner,
        before.record_key
    from (
        select person_id, unnest(list_concat(source_records_hubspot, source_records_salesforce)) as record_key from {this}
    ) as before
    where before.record_key in {{ records }}
{%- endmacro %}

{#- Of these records those that are somebody else's now: who that is, and whose they were. -#}
{% macro people_passed_on(records) -%}
    select unnest([members.person_id, before.owner]) as owner
    from (select * from {int_person_members} where record_key in {{ records }}) as members
    full outer join ({{ people_before(records) }}) as before on members.record_key = before.record_key
    where members.person_id is distinct from before.owner
{%- endmacro %}

{#- The records of people who are due. Asked first: behind the joins it would be asked of everybody. -#}
{% macro members_due() -%}
    select
        record_key,
        person_id
    from {{ ref('int_person_members') }}
    where {{ is_owner_due('person_id') }}
{%- endmacro %}
