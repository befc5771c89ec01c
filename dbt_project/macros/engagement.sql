{#- Whether an engagement (of int_engagements) is what a rule of config/engagement.yml names. -#}
{% macro is_engagement_of(engagements, rules) -%}
    {{ engagements }}.did = {{ rules }}.did
            and coalesce(lower({{ engagements }}.mailing) like {{ rules }}.mailing escape '\', {{ rules }}.mailing is null)
            and coalesce(lower({{ engagements }}.journey_key) like {{ rules }}.journey escape '\', {{ rules }}.journey is null)
            and coalesce(lower({{ engagements }}.url) like {{ rules }}.url escape '\', {{ rules }}.url is null)
{%- endmacro %}

{#- The record that a person is in Salesforce: the contact if there is one, else the lead. -#}
{% macro salesforce_person_key(leads) -%}
    coalesce(
        {{ record_key('salesforce', 'Contact', leads ~ '.contact_id_salesforce') }},
        {{ record_key('salesforce', 'Lead', leads ~ '.lead_id_salesforce') }}
    )
{%- endmacro %}
