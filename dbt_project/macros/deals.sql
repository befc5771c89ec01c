{#- For an incremental model about deals: which these records are of (`{int_opportunity_members}`). -#}
{% macro deals_of(records, by='members.record_key') -%}
    select members.opportunity_id as owner from {int_opportunity_members} as members where {{ by }} in {{ records }}
{%- endmacro %}

{#-
    HubSpot deals of `lefts` beside Salesforce opportunities of `rights` (rows of int_opportunity_compared): those of one
    company, and those of one name and day elsewhere. `columns` are further ones, of both.
-#}
{% macro proposed_deals(lefts, rights, columns='') -%}
    {%- for met in [
        'lefts.account_id = rights.account_id',
        'lefts.name = rights.name and lefts.close_date = rights.close_date and (lefts.account_id = rights.account_id) is not true'
    ] %}
        select
            lefts.record_key as left_key,
            rights.record_key as right_key{{ columns }}
        from {{ lefts }} as lefts
        inner join {{ rights }} as rights on {{ met }}
        where lefts.vendor = 'hubspot' and rights.vendor = 'salesforce'
        {%- if not loop.last %}
        union all
        {%- endif -%}
    {%- endfor -%}
{%- endmacro -%}
