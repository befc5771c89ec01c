{#-
    What is asked of data: (mart, its key, dimension, field, of which rows it is asked, when it holds). Completeness: a
    required field is filled. Accuracy: its format is valid, its value allowed, what it names exists.
-#}
{% macro quality_checks() -%}
    {{ return([
        ('unified_leads', 'person_id', 'completeness', 'email', 'true', 'email is not null'),
        ('unified_leads', 'person_id', 'completeness', 'full_name', 'true', 'full_name is not null'),
        ('unified_leads', 'person_id', 'completeness', 'account_id', 'true', 'account_id is not null'),
        ('unified_leads', 'person_id', 'completeness', 'owner_id', 'true', 'owner_id is not null'),
        ('unified_leads', 'person_id', 'completeness', 'lifecycle_stage', 'true', 'lifecycle_stage is not null'),
        ('unified_leads', 'person_id', 'accuracy', 'email', 'email is not null', 'is_email_valid'),
        ('unified_leads', 'person_id', 'accuracy', 'owner_id', 'owner_id is not null',
         "owner_id not like '%:unknown-owner:%'"),
        ('unified_accounts', 'account_id', 'completeness', 'name', 'true', 'name is not null'),
        ('unified_accounts', 'account_id', 'completeness', 'domain', 'true', 'domain is not null'),
        ('unified_accounts', 'account_id', 'completeness', 'owner_id', 'true', 'owner_id is not null'),
        ('unified_accounts', 'account_id', 'accuracy', 'domain', 'domain is not null',
         "regexp_matches(domain, '^[^\\s.@/]+(\\.[^\\s.@/]+)+$')"),
        ('unified_accounts', 'account_id', 'accuracy', 'owner_id', 'owner_id is not null',
         "owner_id not like '%:unknown-owner:%'"),
        ('opportunities', 'opportunity_id', 'completeness', 'amount', 'true', 'amount is not null'),
        ('opportunities', 'opportunity_id', 'completeness', 'close_date', 'true', 'close_date is not null'),
        ('opportunities', 'opportunity_id', 'completeness', 'account_id', 'true', 'account_id is not null'),
        ('opportunities', 'opportunity_id', 'completeness', 'owner_id', 'true', 'owner_id is not null'),
        ('opportunities', 'opportunity_id', 'accuracy', 'canonical_stage', 'stage is not null',
         "canonical_stage != 'unmapped'"),
        ('opportunities', 'opportunity_id', 'accuracy', 'close_date',
         'is_closed and created_at is not null and close_date is not null',
         '(' ~ cycle_days('created_at', 'closed_at', 'close_date') ~ ') is not null'),
        ('opportunities', 'opportunity_id', 'accuracy', 'currency', 'amount is not null',
         'amount_converted is not null'),
        ('opportunities', 'opportunity_id', 'accuracy', 'owner_id', 'owner_id is not null',
         "owner_id not like '%:unknown-owner:%'"),
    ]) }}
{%- endmacro %}

{#- The first instant of the KPIs' window and the one after its last. -#}
{% macro window_starts() -%}
    (
        select cast(run.business_date - run.window_days + 1 as timestamp) at time zone run.business_zone
        from {{ source('rules', 'run') }} as run
    )
{%- endmacro %}

{% macro window_ends() -%}
    (
        select cast(run.business_date + 1 as timestamp) at time zone run.business_zone
        from {{ source('rules', 'run') }} as run
    )
{%- endmacro %}

{#- Whether sales took a handoff up, all of it was done, and they did not give it back since. -#}
{% macro is_handoff_complete(handoffs) -%}
    ({{ handoffs }}.completed_at is not null and {{ handoffs }}.state = 'accepted')
{%- endmacro %}

{#- The mart of a kind of thing that mappings pair. -#}
{% macro mart_of(entity) -%}
    case {{ entity }} when 'person' then 'unified_leads' when 'account' then 'unified_accounts' else 'opportunities' end
{%- endmacro %}
