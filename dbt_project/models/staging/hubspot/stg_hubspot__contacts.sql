with source as (
    select * from {{ source('raw_hubspot', 'contacts') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'contacts', 'id') }} as record_key,
        id as contact_id,
        hubspot_owner_id as owner_id,
        associatedcompanyid as company_id,
        salesforceleadid as lead_id_salesforce,
        salesforcecontactid as contact_id_salesforce,

        email,
        firstname as first_name,
        lastname as last_name,
        phone,
        company as company_name,
        jobtitle as job_title,
        city,
        state,
        country,
        lifecyclestage as lifecycle_stage,
        hs_lead_status as lead_status,
        hs_additional_emails as additional_emails,
        hs_merged_object_ids as merged_contact_ids,
        hs_analytics_source as original_source,
        hs_analytics_source_data_1 as original_source_detail_1,
        hs_analytics_source_data_2 as original_source_detail_2,
        hs_latest_source as latest_source,
        hs_latest_source_data_1 as latest_source_detail_1,
        hs_latest_source_data_2 as latest_source_detail_2,
        first_conversion_event_name as first_conversion,
        recent_conversion_event_name as recent_conversion,
        first_touch_source,
        first_touch_campaign,
        last_touch_source,
        cast({{ column_if_there(source('raw_hubspot', 'contacts'), 'first_touch_medium', 'varchar') }} as varchar) as first_touch_medium,
        cast({{ column_if_there(source('raw_hubspot', 'contacts'), 'first_touch_content', 'varchar') }} as varchar) as first_touch_content,
        cast({{ column_if_there(source('raw_hubspot', 'contacts'), 'last_touch_medium', 'varchar') }} as varchar) as last_touch_medium,
        cast({{ column_if_there(source('raw_hubspot', 'contacts'), 'last_touch_content', 'varchar') }} as varchar) as last_touch_content,

        num_conversion_events as conversions,
        lead_score,
        touch_count,
        attributed_revenue,

        hs_email_optout as is_opted_out,

        coalesce(createdate, created_at) as created_at,
        updated_at,
        hs_v2_date_entered_subscriber as subscriber_at,
        hs_v2_date_entered_lead as lead_at,
        hs_v2_date_entered_marketingqualifiedlead as mql_at,
        hs_v2_date_entered_salesqualifiedlead as sql_at,
        hs_v2_date_entered_opportunity as opportunity_at,
        hs_v2_date_entered_customer as customer_at,
        hs_analytics_first_timestamp as original_source_at,
        hs_latest_source_timestamp as latest_source_at,
        first_conversion_date as first_conversion_at,
        recent_conversion_date as recent_conversion_at
    from source
    where
        deleted_at is null
        and not coalesce(archived, false)
)

select * from renamed
