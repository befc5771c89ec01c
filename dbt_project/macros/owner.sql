{#-
    Who owns a record: the owner found, or a name for one that the CRM no longer lists. A record of somebody unknown
    is not free to be given away.
-#}
{% macro owner_or_unknown(owner_id, vendor, source_id) -%}
    coalesce({{ owner_id }}, {{ vendor }} || ':unknown-owner:' || nullif({{ source_id }}, ''))
{%- endmacro %}
