{#- For an incremental model about people: whose these records are (`{int_person_members}`). -#}
{% macro people_of(records, by='members.record_key') -%}
    select members.person_id as owner from {int_person_members} as members where {{ by }} in {{ records }}
{%- endmacro %}

{#- Whose they are and whose they were, by the records that stand in `{this}`. -#}
{% macro people_with(records) -%}
    {{ people_of(records) }} union all select person_id as owner from {this} where record_key in {{ records }}
{%- endmacro %}

{#- Of the records that were due in `int_person_members` those that are somebody else's now: who that is, and whose they were. -#}
{% macro people_moved() -%}
    select unnest([members.person_id, before.person_id]) as owner
    from {int_person_members.gone} as before
    full outer join (select * from {int_person_members} where record_key in {due}) as members
        on before.record_key = members.record_key
    where before.person_id is distinct from members.person_id
{%- endmacro %}

{#- The records of people who are due. Asked first: behind the joins it would be asked of everybody. -#}
{% macro members_due() -%}
    select
        record_key,
        person_id
    from {{ ref('int_person_members') }}
    where {{ is_owner_due('person_id') }}
{%- endmacro %}
