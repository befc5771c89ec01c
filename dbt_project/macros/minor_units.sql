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

{#-
    A sum of decimals with more places, rounded to two. Where it fits into 64 bits the places are taken off there: of 128, as which
    DuckDB keeps a sum, that takes fifty times as long.
-#}
{% macro rounded(summed, places) -%}
    coalesce(
        cast(try_cast({{ summed }} as decimal(18, {{ places }})) as decimal(18, 2)), cast({{ summed }} as decimal(18, 2)), 0
    )
{%- endmacro %}
