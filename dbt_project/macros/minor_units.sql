{#- A whole number of minor units as an exact decimal: 12345 with two places is 123.45. -#}
{% macro minor_units(column, places) -%}
    cast(
        cast({{ column }} as decimal({{ 18 - places }}, 0)) * cast('0.{{ '0' * (places - 1) }}1' as decimal({{ places }}, {{ places }}))
        as decimal(18, {{ places }})
    )
{%- endmacro %}
