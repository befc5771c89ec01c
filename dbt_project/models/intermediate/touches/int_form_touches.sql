{{ config(materialized='watched', unique_key=touched_record(), as_table=true) }}
-- Who sent a form, from which page, and what the page's address says of the way there.
with filled as (
    select
        form_id,
        min(campaign_id) as campaign_id
    from {{ ref('int_form_members') }}
    group by form_id
),

submitted as (
    select
        filled.campaign_id as campaign_of_form,
        submissions.record_key as source_record_key,
        submissions.form_id,
        addresses.record_key,
        submissions.submitted_at as occurred_at,
        coalesce(forms.name, submissions.page_name) as content,
        {{ utm('submissions.page_url', 'source') }} as utm_source,
        {{ utm('submissions.page_url', 'medium') }} as utm_medium,
        {{ utm('submissions.page_url', 'campaign') }} as utm_campaign
    from {{ ref('stg_hubspot__form_submissions') }} as submissions
    left join {{ ref('stg_hubspot__forms') }} as forms on submissions.form_id = forms.form_id
    left join filled on submissions.form_id = filled.form_id
    left join {{ ref('int_touch_addresses') }} as addresses
        on {{ normalize_email('submissions.email') }} = addresses.address
),

prepared as (
    select
        submitted.source_record_key,
        submitted.form_id,
        submitted.record_key,
        submitted.occurred_at,
        submitted.content,
        submitted.utm_campaign is not null or submitted.utm_medium is not null as is_tagged,
        -- The way there, or else the campaign that the form is of.
        coalesce(names.campaign_id, submitted.campaign_of_form) as campaign_id,
        submitted.utm_medium,
        submitted.utm_source
    from submitted
    left join {{ ref('int_campaign_names') }} as names on {{ slug('submitted.utm_campaign') }} = names.key
),

by_utm as (
    select
        * exclude (utm_medium, utm_source),
        utm_medium as match_value,
        utm_source as detail
    from prepared
    where utm_medium is not null
),

by_form as (
    select
        * exclude (utm_medium, utm_source),
        content as match_value,
        utm_source as detail
    from prepared
    where utm_medium is null
),

channelled as (
    {{ with_channels('by_utm', 'utm', 'medium') }}
    union all
    {{ with_channels('by_form', 'hubspot', 'conversion') }}
)

select
    *,
    'form' as kind,
    'form' as touch_type,
    true as is_response
from channelled
