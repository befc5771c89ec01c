with source as (
    select * from {{ source('raw_hubspot', 'email_events') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'email_events', 'id') }} as record_key,
        id as email_event_id,
        occurred_at,
        type as email_event_type,
        recipient,
        email_campaign_id,
        app_id,
        subject,
        sender,
        url,
        link_id,
        referer,
        device_type,
        user_agent,
        browser,
        location,
        duration,
        filtered_event as is_filtered,
        category,
        status,
        response,
        drop_reason,
        sent_by_id,
        sent_by_at
    from source
)

select * from renamed
