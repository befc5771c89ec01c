with source as (
    select * from {{ source('raw_marketing_cloud', 'campaigns') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'Campaign', '"id"') }} as record_key,
        "id" as campaign_id,
        "name" as name,
        "description" as description,
        "campaignCode" as campaign_code,
        "createdDate" as created_at,
        "modifiedDate" as updated_at
    from source
)

select * from renamed
