{#-
    A whole number of minor units as an exact decimal: 12345 with two places is 123.45. A product of decimals of at most 18
    digits stays in 64 bits, and this one moves the point only: what has 18 digits before has them after, and more is an
    error.
-#}
{% macro minor_units(column, places) -%}
    cast(
        cast({{ column }} as decimal(18, 0)) * cast('0.{{ '0' * (places - 1) }}1' as decimal({{ places }}, {{ places }}))
        as decimal(18, {{ places }})
    )
{%- endmacro %}
