{#- The currency of a portal or org, or the company's where it does not say: what an amount without one is in. -#}
{% macro own_currency(vendor) -%}
    coalesce(
        (
            select nullif(connections.currency, '')
            from {{ source('rules', 'connections') }} as connections
            where connections.vendor = '{{ vendor }}'
        ),
        {{ run_value('company_currency') }}
    )
{%- endmacro %}
