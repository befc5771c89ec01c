with source as (
    select * from {{ source('raw_salesforce', 'contact') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Contact', 'id') }} as record_key,
        id as contact_id,
        accountid as account_id,
        ownerid as owner_id,

        firstname as first_name,
        lastname as last_name,
        email,
        phone,
        title as job_title,
        leadsource as lead_source,
        mailingcity as city,
        mailingstate as state,
        mailingcountry as country,
        first_touch_source__c as first_touch_source,
        first_touch_campaign__c as first_touch_campaign,
        last_touch_source__c as last_touch_source,

        lead_score__c as lead_score,
        touch_count__c as touch_count,
        attributed_revenue__c as attributed_revenue,

        hasoptedoutofemail as is_opted_out,

        createddate as created_at,
        systemmodstamp as updated_at
    from source
    where deleted_at is null
        and not coalesce(isdeleted, false)
)

select * from renamed
