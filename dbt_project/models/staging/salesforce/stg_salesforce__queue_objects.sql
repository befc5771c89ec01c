with source as (
    select * from {{ source('raw_salesforce', 'queue_sobject') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'QueueSobject', '"Id"') }} as record_key,
        "Id" as queue_object_id,
        "QueueId" as queue_id,

        "SobjectType" as sobject_type,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
