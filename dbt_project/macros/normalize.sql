{#- An address as it is compared: without case and surrounding space. -#}
{% macro normalize_email(column) -%}
    nullif(lower(trim({{ column }})), '')
{%- endmacro %}

{#- Whether a normalised address could be delivered to: one @, a dot in the domain, no space. -#}
{% macro is_valid_email(column) -%}
    {{ adapter.dispatch('is_valid_email')(column) }}
{%- endmacro %}

{% macro default__is_valid_email(column) -%}
    coalesce(regexp_matches({{ column }}, '^[^@\s,;<>"]+@[^@\s.,;<>"]+(\.[^@\s.,;<>"]+)+$'), false)
{%- endmacro %}

{#- ana+news@x.com is ana@x.com. -#}
{% macro strip_plus_tag(column) -%}
    {{ adapter.dispatch('strip_plus_tag')(column) }}
{%- endmacro %}

{% macro default__strip_plus_tag(column) -%}
    regexp_replace({{ column }}, '\+[^@]*@', '@')
{%- endmacro %}

{% macro email_domain(column) -%}
    nullif(split_part({{ column }}, '@', 2), '')
{%- endmacro %}

{#- The domain of a web address or domain as people type it: no scheme, www, path, port or case. Letters
of any alphabet may be in it; what is no whole domain is none, for half of one would be shared by strangers. -#}
{% macro normalize_domain(column) -%}
    {{ adapter.dispatch('normalize_domain')(column) }}
{%- endmacro %}

{% macro default__normalize_domain(column) -%}
    nullif(regexp_extract(
        regexp_replace(lower(trim({{ column }})), '^([a-z]+://)?(www\.)?', ''),
        '^([\p{L}\p{N}\p{M}_.-]+\.[\p{L}][\p{L}\p{N}\p{M}-]+)\.?(?:[\s/:?#,;]|$)', 1
    ), '')
{%- endmacro %}

{#- A company's name as it is compared: letters and digits only, without accents, case and legal form. -#}
{% macro normalize_company_name(column) -%}
    {{ adapter.dispatch('normalize_company_name')(column) }}
{%- endmacro %}

{% macro default__normalize_company_name(column) -%}
    nullif(regexp_replace(regexp_replace(
        lower(strip_accents({{ column }})),
        '[ ,.]+(inc|incorporated|llc|ltd|limited|gmbh|ag|corp|corporation|co|plc|sa|srl|bv|oy|ab)\.?$', ''
    ), '[^a-z0-9]+', '', 'g'), '')
{%- endmacro %}

{#- Whether an address is at a company: its domain is no mail provider's (config/identity.yml). -#}
{% macro is_company_email(column) -%}
    {{ email_domain(column) }} not in (
        select policy.value
        from {{ source('rules', 'identity') }} as policy
        where policy.setting = 'free_domain'
    )
{%- endmacro %}
