{#- Whether a text has the words as whole words: `vp` is not in `vpn administrator`. Both are lower case. -#}
{% macro has_word(text, words) -%}
    {{ adapter.dispatch('has_word')(text, words) }}
{%- endmacro %}

{% macro default__has_word(text, words) -%}
    contains(' ' || regexp_replace({{ text }}, '[^a-z0-9]+', ' ', 'g') || ' ', ' ' || {{ words }} || ' ')
{%- endmacro %}
