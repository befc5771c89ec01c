with source as (
    select * from {{ source('raw_marketing_cloud', 'contacts') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'Contact', '"contactKey"') }} as record_key,
        "contactKey" as contact_key,
        "contactID" as contact_id,
        "contactStatus" as status,
        "createdDate" as created_at
    from source
)

select * from renamed
