{#- Where each purpose of config/consent.yml stands in a CRM other than as HubSpot's own subscription. -#}
{% macro consent_places() %}
    select
        places.vendor,
        places.object,
        places.field,
        places.place_id,
        purposes.purpose_id,
        purposes.label as purpose
    from {{ source('rules', 'consent_places') }} as places
    inner join {{ source('rules', 'consent_purposes') }} as purposes on places.purpose = purposes.purpose
{% endmacro %}
