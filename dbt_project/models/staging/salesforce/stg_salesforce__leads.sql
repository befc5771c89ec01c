with source as (
    select * from {{ source('raw_salesforce', 'lead') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Lead', 'id') }} as record_key,
        id as lead_id,
        ownerid as owner_id,
        convertedaccountid as converted_account_id,
        convertedcontactid as converted_contact_id,
        convertedopportunityid as converted_opportunity_id,

        firstname as first_name,
        lastname as last_name,
        email,
        phone,
        company as company_name,
        title as job_title,
        industry,
        city,
        state,
        country,
        leadsource as lead_source,
        status,
        first_touch_source__c as first_touch_source,
        first_touch_campaign__c as first_touch_campaign,
        last_touch_source__c as last_touch_source,
        lead_status__c as canonical_status,

        lead_score__c as lead_score,
        touch_count__c as touch_count,
        attributed_revenue__c as attributed_revenue,

        hasoptedoutofemail as is_opted_out,
        isconverted as is_converted,

        converteddate as converted_date,

        createddate as created_at,
        systemmodstamp as updated_at
    from source
    where deleted_at is null
        and not coalesce(isdeleted, false)
)

select * from renamed
