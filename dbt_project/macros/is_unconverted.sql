{#- Whether a credit has money that nobody can convert: a deal with an amount in a currency without a rate. -#}
{% macro is_unconverted(credits) -%}
    (
        ({{ credits }}.revenue is not null and {{ credits }}.revenue_converted is null)
        or ({{ credits }}.pipeline is not null and {{ credits }}.pipeline_converted is null)
    )
{%- endmacro %}
