-- A CRM stamps what this project writes like anybody's change. Whose value counts where the last change does must not
-- hang on that, or a write of ours would turn the choice that it was made of.
with own_writes as (
    select
        record_key,
        list(written_at) as moments
    from {{ source('rules', 'own_writes') }}
    group by record_key
),

records as (
    select
        record_key,
        created_at,
        updated_at
    from {{ ref('int_person_records') }}
    union all
    select
        record_key,
        created_at,
        updated_at
    from {{ ref('int_account_records') }}
    union all
    select
        record_key,
        created_at,
        updated_at
    from {{ ref('int_opportunity_records') }}
)

select
    records.record_key,
    coalesce(others.changed_at, {{ unless_near('records.created_at', 'own_writes.moments') }}) as changed_at
from records
inner join own_writes on records.record_key = own_writes.record_key
left join {{ source('rules', 'others_changes') }} as others on records.record_key = others.record_key
where {{ unless_near('records.updated_at', 'own_writes.moments') }} is null
