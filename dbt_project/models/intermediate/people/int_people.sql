{{ config(
    materialized='incremental', unique_key='person_id', follows=['int_person_consents'], gone=['person_id'],
    owned={
        'int_changes_by_others': '
            select members.person_id as owner, hash(ours.record_key, ours.changed_at) as hashed
            from {int_changes_by_others} as ours
            inner join {int_person_members} as members on ours.record_key = members.record_key',
        'decided_stages': '
            select coalesce(aliases.person_id, decided.person_id) as owner, hash(decided) as hashed
            from {decided_stages} as decided
            left join {int_person_aliases} as aliases on decided.person_id = aliases.alias'
    },
    through={
        'int_person_records': people_of('{due}'),
        'int_person_members': people_moved(),
        'int_accounts_resolved': people_of(
            '(select record_key from {int_person_records} where account_record_key in {due})'
        ),
        'int_owner_records': people_of(
            "(select record_key from {int_person_records} where vendor || ':' || owner_source_id in {due})"
        ),
        'int_account_lookup': people_of(who_seeks(
            "select substr(due.owner, 8) from {due} as due where due.owner like 'domain:%'",
            "select substr(due.owner, 6) from {due} as due where due.owner like 'name:%'"
        ))
    },
    vouched_for=['int_account_members', 'int_person_aliases']
) }}
{{ also_reads('int_accounts_resolved') }}
{%- set fields = [
    'email', 'first_name', 'last_name', 'phone', 'company_name', 'job_title', 'city', 'state',
    'country', 'industry', 'account', 'owner'
] -%}
{%- set columns = {'account': 'account_id', 'owner': 'owner_id'} -%}
with lifecycle as (
    select
        vendor,
        object,
        lower(value) as value,
        position
    from {{ source('rules', 'lifecycle') }}
    where is_read
),

-- A converted lead is at least qualified by sales, whatever its status says.
converted as (
    select min(position) as position
    from {{ source('rules', 'lifecycle') }}
    where canonical_stage = 'sales_qualified_lead'
),

positions as (
    select distinct
        canonical_stage,
        position
    from {{ source('rules', 'lifecycle') }}
),

-- Salesforce shows a lead's status, which is sales' own, and not the stage that we gave it: of somebody whom HubSpot
-- does not know nobody tells it back.
decided as (
    select
        coalesce(aliases.person_id, decided.person_id) as person_id,
        -- Of somebody who was merged, what was decided last.
        arg_max(positions.position, (decided.decided_at, positions.position)) as position
    from {{ source('rules', 'decided_stages') }} as decided
    left join {{ ref('int_person_aliases') }} as aliases on decided.person_id = aliases.alias
    inner join positions on decided.canonical_stage = positions.canonical_stage
    group by coalesce(aliases.person_id, decided.person_id)
),

members as (
    {{ members_due() }}
),

-- What is sorted has nothing of a record with it but what it is sorted by, and what was looked up for it.
looked_up as (
    select
        members.person_id,
        members.record_key,
        precedence.rank,
        records.is_converted,
        account_members.account_id,
        case
            when not records.is_queue_owned
                then {{ owner_or_unknown('owners.owner_id', 'records.vendor', 'records.owner_source_id') }}
        end as owner_id,
        case
            when records.is_converted then greatest(lifecycle.position, converted.position)
            else coalesce(lifecycle.position, defaults.position)
        end as lifecycle_position,
        {{ changed_at('records', 'ours') }} as last_changed_at
    from members
    inner join {{ ref('int_person_records') }} as records on members.record_key = records.record_key
    left join {{ ref('int_changes_by_others') }} as ours on members.record_key = ours.record_key
    inner join {{ source('rules', 'precedence') }} as precedence
        on
            precedence.entity = 'person'
            and records.vendor = precedence.vendor
            and records.object = precedence.object
    cross join converted
    left join lifecycle
        on
            records.vendor = lifecycle.vendor
            and records.object = lifecycle.object
            and lower(records.lifecycle_value) = lifecycle.value
    left join {{ source('rules', 'lifecycle_defaults') }} as defaults
        on records.vendor = defaults.vendor and records.object = defaults.object
    left join {{ ref('int_owner_records') }} as owners
        on
            records.vendor = owners.vendor
            and records.owner_source_id = owners.source_id
    left join {{ ref('int_account_members') }} as account_members
        on records.account_record_key = account_members.record_key
),

places as (
    select
        person_id,
        record_key,
        account_id,
        owner_id,
        lifecycle_position,
        row_number() over (
            partition by person_id
            order by rank asc, is_converted asc, last_changed_at desc nulls last, record_key asc
        ) as place,
        row_number() over (
            partition by person_id
            order by last_changed_at desc nulls last, rank asc, is_converted asc, record_key asc
        ) as recency
    from looked_up
),

sorted as (
    select
        places.*,
        records.* exclude (record_key),
        records.vendor || '.' || records.object as source_name,
        case when records.is_email_valid then records.email end as valid_email,
        decided.position as decided_position
    from places
    inner join {{ ref('int_person_records') }} as records on places.record_key = records.record_key
    left join decided on places.person_id = decided.person_id
),

rules as (
    {{ survival_rules('person', fields) }}
),

ranked as (
    select
        *,
        {% for field in fields %}
            {{ survival_place(field, columns.get(field, field), 'place', 'recency', 'source_name') }}
                as place_{{ field }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from sorted
    cross join rules
),

grouped as (
    select
        person_id,
        coalesce({{ pick('valid_email', 'place_email') }}, {{ pick('email', 'place_email') }}) as email,
        {{ pick('first_name', 'place_first_name') }} as first_name,
        {{ pick('last_name', 'place_last_name') }} as last_name,
        {{ pick('phone', 'place_phone') }} as phone,
        {{ pick('company_name', 'place_company_name') }} as company_name,
        {{ pick('job_title', 'place_job_title') }} as job_title,
        {{ pick('city', 'place_city') }} as city,
        {{ pick('state', 'place_state') }} as state,
        {{ pick('country', 'place_country') }} as country,
        {{ pick('industry', 'place_industry') }} as industry,
        {{ pick('account_id', 'place_account') }} as account_id,
        arg_min(case when object = 'Lead' then 'converted_account' else 'crm' end, place_account) filter (
            where account_id is not null
        ) as account_matched_by,
        {{ pick('owner_id', 'place_owner') }} as owner_id,
        arg_min(owner_source_id, place_owner) filter (where vendor = 'hubspot' and owner_source_id is not null)
            as owner_id_hubspot,
        arg_min(owner_source_id, place_owner) filter (
            where vendor = 'salesforce' and owner_source_id is not null and not is_queue_owned
        ) as owner_id_salesforce,
        arg_min(record_id, place) filter (where vendor = 'hubspot') as contact_id_hubspot,
        arg_min(record_id, place) filter (where object = 'Lead') as lead_id_salesforce,
        arg_min(record_id, place) filter (where object = 'Contact') as contact_id_salesforce,
        list(record_key order by record_key) filter (where vendor = 'hubspot') as source_records_hubspot,
        list(record_key order by record_key) filter (where vendor = 'salesforce') as source_records_salesforce,
        count(*) as records,
        greatest(
            max(lifecycle_position),
            case when count(*) filter (where vendor = 'hubspot') = 0 then max(decided_position) end
        ) as lifecycle_position,
        min(created_at) as created_at,
        max(updated_at) as updated_at
    from ranked
    group by person_id
),

found as (
    {{ with_found_accounts('grouped') }}
),

-- Without a company of their own in the CRM, people belong to the company of their address, or else to the only one of
-- the name they gave, unless their address is at another company.
placed as (
    select
        found.* exclude (
            account_id,
            account_matched_by,
            source_records_hubspot,
            source_records_salesforce,
            email_domain,
            is_at_company,
            compared_name,
            domain_account_id,
            name_account_id
        ),
        nullif(trim(concat_ws(' ', found.first_name, found.last_name)), '') as full_name,
        {{ is_valid_email('found.email') }} as is_email_valid,
        coalesce(consents.consent, 'not_specified') as consent,
        coalesce(consents.consent = 'opted_out', false) as is_opted_out,
        coalesce(consents.purposes_opted_in, []) as purposes_opted_in,
        coalesce(consents.purposes_opted_out, []) as purposes_opted_out,
        coalesce(found.account_id, found.domain_account_id, found.name_account_id) as account_id,
        case
            when found.account_id is not null then found.account_matched_by
            when found.domain_account_id is not null then 'domain'
            when found.name_account_id is not null then 'company_name'
        end as account_matched_by,
        coalesce(found.source_records_hubspot, []) as source_records_hubspot,
        coalesce(found.source_records_salesforce, []) as source_records_salesforce
    from found
    left join {{ ref('int_person_consents') }} as consents on found.person_id = consents.person_id
)

select * from placed
