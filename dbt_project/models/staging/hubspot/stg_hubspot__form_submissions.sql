with source as (
    select * from {{ source('raw_hubspot', 'form_submissions') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'form_submissions', 'id') }} as record_key,
        id as form_submission_id,
        form_id,
        submitted_at,
        email,
        page_url,
        page_name,
        answers
    from source
)

select * from renamed
