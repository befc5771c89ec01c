-- A row per object and check: how many values were asked for and how many held.
{%- set checks = [
    ('unified_leads', 'completeness', 'email', 'true', 'email is not null'),
    ('unified_leads', 'completeness', 'full_name', 'true', 'full_name is not null'),
    ('unified_leads', 'completeness', 'account_id', 'true', 'account_id is not null'),
    ('unified_leads', 'completeness', 'owner_id', 'true', 'owner_id is not null'),
    ('unified_leads', 'completeness', 'lifecycle_stage', 'true', 'lifecycle_stage is not null'),
    ('unified_leads', 'accuracy', 'email', 'email is not null', 'is_email_valid'),
    ('opportunities', 'completeness', 'amount', 'true', 'amount is not null'),
    ('opportunities', 'completeness', 'close_date', 'true', 'close_date is not null'),
    ('opportunities', 'completeness', 'account_id', 'true', 'account_id is not null'),
    ('opportunities', 'completeness', 'owner_id', 'true', 'owner_id is not null'),
    ('opportunities', 'accuracy', 'canonical_stage', 'stage is not null', "canonical_stage != 'unmapped'"),
    ('opportunities', 'accuracy', 'close_date', 'is_closed and created_at is not null',
     'close_date >= cast(created_at as date)'),
] %}
{% for object, dimension, check_name, asked, held in checks %}
    select
        '{{ object }}' as object,
        '{{ dimension }}' as dimension,
        '{{ check_name }}' as check_name,
        count(*) filter (where {{ asked }}) as asked,
        count(*) filter (where ({{ asked }}) and ({{ held }})) as held
    from {{ ref(object) }}
    {{ "union all" if not loop.last }}
{%- endfor %}
