with source as (
    select * from {{ source('raw_salesforce', 'opportunity_stage') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'OpportunityStage', 'id') }} as record_key,
        id as stage_id,

        masterlabel as label,
        apiname as api_name,
        forecastcategoryname as forecast_category,

        sortorder as position,
        defaultprobability as default_probability,

        isactive as is_active,
        isclosed as is_closed,
        iswon as is_won,

        systemmodstamp as updated_at
    from source
)

select * from renamed
