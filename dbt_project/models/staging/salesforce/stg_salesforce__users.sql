with source as (
    select * from {{ source('raw_salesforce', 'user') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'User', 'id') }} as record_key,
        id as user_id,
        managerid as manager_id,

        username,
        email,
        firstname as first_name,
        lastname as last_name,
        name,
        timezonesidkey as time_zone,

        isactive as is_active,

        createddate as created_at,
        systemmodstamp as updated_at
    from source
)

select * from renamed
