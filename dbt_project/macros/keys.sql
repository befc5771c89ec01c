{#- `vendor:org:object:id` of a source record; null when there is no id. -#}
{% macro record_key(vendor, object, id_column) -%}
    '{{ vendor }}:' || (
        select connections.org_id
        from {{ source('rules', 'connections') }} as connections
        where connections.vendor = '{{ vendor }}'
    ) || ':{{ object }}:' || {{ id_column }}
{%- endmacro %}

{#- The first 16 hex digits of sha256: enough to be unique among billions, short enough to read out. -#}
{% macro short_hash(expression) -%}
    {{ adapter.dispatch('short_hash')(expression) }}
{%- endmacro %}

{% macro default__short_hash(expression) -%}
    substr(sha256({{ expression }}), 1, 16)
{%- endmacro %}

{#-
    A Salesforce id with its three check letters. People and connectors paste the 15-letter form, which is the same
    record but another string.
-#}
{% macro salesforce_id(column) -%}
    case
        when length(trim({{ column }})) = 18 then trim({{ column }})
        when length(trim({{ column }})) = 15 then trim({{ column }})
            {%- for chunk in range(3) %}
            || substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1
                {%- for place in range(5) %}
                + case when substr(trim({{ column }}), {{ chunk * 5 + place + 1 }}, 1) between 'A' and 'Z' then {{ 2 ** place }} else 0 end
                {%- endfor -%}
            , 1)
            {%- endfor %}
    end
{%- endmacro %}

{#- The Salesforce id that a key of Marketing Cloud is, when it is one of a lead or contact. -#}
{% macro lead_or_contact_id(column) -%}
    case
        when {{ column }} similar to '(00Q|003)[0-9A-Za-z]{12}([0-9A-Za-z]{3})?'
            then {{ salesforce_id(column) }}
    end
{%- endmacro %}

{#- `record_key` of a lead or contact by its id, which tells which of the two it is. -#}
{% macro lead_or_contact_key(id_column) -%}
    coalesce(
        {{ record_key('salesforce', 'Contact', "case when " ~ id_column ~ " like '003%' then " ~ id_column ~ " end") }},
        {{ record_key('salesforce', 'Lead', "case when " ~ id_column ~ " like '00Q%' then " ~ id_column ~ " end") }}
    )
{%- endmacro %}

{#- What a record is known by, as a hash: compared with what the CRM holds before two records are merged
(pipelines/reverse_sync/actions/merging.py hashes the same). -#}
{% macro known_by(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns %}{% do parts.append("coalesce(" ~ column ~ ", '')") %}{% endfor -%}
    {{ short_hash(parts | join(" || chr(31) || ")) }}
{%- endmacro %}
