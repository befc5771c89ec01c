{#-
    A whole number of minor units as an exact decimal: 12345 with two places is 123.45. What is too large for a product in
    63 bits takes 128, as few do.
-#}
{% macro minor_units(column, places) -%}
    case
        when abs({{ column }}) < 1{{ '0' * (18 - places) }} then cast(
            cast({{ column }} as decimal({{ 18 - places }}, 0)) * cast('0.{{ '0' * (places - 1) }}1' as decimal({{ places }}, {{ places }}))
            as decimal(18, {{ places }})
        )
        else cast(
            cast({{ column }} as decimal(19, 0)) * cast('0.{{ '0' * (places - 1) }}1' as decimal({{ places }}, {{ places }}))
            as decimal(18, {{ places }})
        )
    end
{%- endmacro %}
