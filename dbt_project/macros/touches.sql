{#- One part of a web address's UTM parameters, decoded and in lower case; null when it is not there. -#}
{% macro utm(url, part) -%}
    {{ adapter.dispatch('utm')(url, part) }}
{%- endmacro %}

{% macro default__utm(url, part) -%}
    nullif(lower(trim(url_decode(replace(regexp_extract({{ url }}, '[?&]utm_{{ part }}=([^&#]*)', 1), '+', ' ')))), '')
{%- endmacro %}

{#- A name as UTM parameters spell it: lower case, words joined by hyphens. -#}
{% macro slug(column) -%}
    {{ adapter.dispatch('slug')(column) }}
{%- endmacro %}

{% macro default__slug(column) -%}
    nullif({{ slug_text(column) }}, '')
{%- endmacro %}

{#- The same, where empty is as good as null: once, for `nullif` works out twice what it is given. -#}
{% macro slug_text(column) -%}
    trim(regexp_replace(lower(strip_accents({{ column }})), '[^a-z0-9]+', '-', 'g'), '-')
{%- endmacro %}

{#- Whether a record of a person is a Salesforce contact, the only one that campaign influence knows. -#}
{% macro is_of_contact(record_key) -%}
    {{ record_key }} like 'salesforce:%:Contact:%'
{%- endmacro %}

{#- The values of a setting of config/attribution.yml, for use behind `in`. -#}
{% macro attribution_setting(setting) -%}
    (
        select settings.value
        from {{ source('rules', 'attribution_settings') }} as settings
        where settings.setting = '{{ setting }}'
    )
{%- endmacro %}

{#-
    Channel, source and medium by config/attribution.yml, as columns of the touches of one kind: `touches` has `match_value`
    and may have `detail`; a rule for "value/detail" comes before one for the value, and that before the rule for all.
-#}
{% macro with_channels(touches, vendor, kind) -%}
    select
        touches.* exclude (match_value, detail),
        coalesce(exact.channel, matched.channel, fallback.channel) as channel,
        coalesce(exact.source, matched.source, fallback.source, lower(touches.detail), lower(touches.match_value)) as source,
        coalesce(exact.medium, matched.medium, fallback.medium) as medium
    from {{ touches }} as touches
    left join {{ source('rules', 'channels') }} as exact
        on
            exact.vendor = '{{ vendor }}'
            and exact.kind = '{{ kind }}'
            and lower(exact.match_value) = lower(touches.match_value || '/' || touches.detail)
    left join {{ source('rules', 'channels') }} as matched
        on
            matched.vendor = '{{ vendor }}'
            and matched.kind = '{{ kind }}'
            and lower(matched.match_value) = lower(touches.match_value)
    left join {{ source('rules', 'channels') }} as fallback
        on fallback.vendor = '{{ vendor }}' and fallback.kind = '{{ kind }}' and fallback.match_value = '*'
{%- endmacro %}

{#- Whether two names (as `slug` has them) are nearly the same: few letters differ, and no number does. -#}
{% macro names_alike(left, right) -%}
    {{ adapter.dispatch('names_alike')(left, right) }}
{%- endmacro %}

{% macro default__names_alike(left, right) -%}
    (
        jaro_winkler_similarity({{ left }}, {{ right }}) >= 0.93
        and regexp_extract_all({{ left }}, '[0-9]+') = regexp_extract_all({{ right }}, '[0-9]+')
    )
{%- endmacro %}

{#- What of attribution is written back, as one row; what is off (attribution_sync.json) is left alone in the CRMs. -#}
{% macro attribution_synced() -%}
    select
        {%- for setting in ['campaigns', 'sources', 'mediums', 'content', 'revenue'] %}
        coalesce(bool_or(is_on) filter (where setting = '{{ setting }}'), false) as {{ setting }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ source('rules', 'attribution_sync') }}
{%- endmacro %}

{#- When a click in an e-mail is a machine's, by config/attribution.yml, as one row. -#}
{% macro bot_limits() -%}
    select
        coalesce(max(try_cast(value as bigint)) filter (where setting = 'bot_seconds'), 0) as seconds,
        coalesce(max(try_cast(value as bigint)) filter (where setting = 'bot_links'), 0) as links,
        coalesce(list(value) filter (where setting = 'bot_user_agent'), []) as agents
    from {{ source('rules', 'attribution_settings') }}
{%- endmacro %}

{#- For each click how many different links of one message, which `message` tells apart, were clicked about then. -#}
{% macro links_at_once(clicks, message) -%}
    select
        clicks.record_key,
        count(distinct others.link) as links
    from {{ clicks }} as clicks
    cross join limits
    inner join {{ clicks }} as others
        on
            {% for column in message -%}
                clicks.{{ column }} = others.{{ column }} and
            {% endfor -%}
            others.occurred_at
            between clicks.occurred_at - to_seconds(limits.seconds) and clicks.occurred_at + to_seconds(limits.seconds)
    group by clicks.record_key
{%- endmacro %}

{#-
    Which of `touches` may be the first or last touch that the CRMs are told: those of marketing that earn credit. Where
    somebody (`of`) has none, it is the source that the CRM itself shows, whatever that is worth: better said than left empty.
-#}
{% macro is_source_of(touches, of) -%}
    case
        when bool_or({{ is_of_marketing(touches ~ '.') }}) over (partition by {{ of }}) then {{ is_of_marketing(touches ~ '.') }}
        else {{ is_source_in_crm(touches ~ '.') }}
    end
{%- endmacro %}

{% macro is_of_marketing(touches='') -%}
    {{ touches }}earns_credit and {{ touches }}touch_type in {{ attribution_setting('coverage_touch_type') }}
{%- endmacro %}

{% macro is_source_in_crm(touches='') -%}
    {{ touches }}touch_type in ('original_source', 'latest_source')
{%- endmacro %}

{#-
    For an incremental model that counts the touches until now, and knows no clock: who has touches that are to come (a
    meeting that is planned). With each of them that has come this differs. `is_to_come` is the contrary of what the model asks.
-#}
{% macro touches_to_come(is_to_come='>') -%}
    select touches.person_id as owner, hash(touches.touchpoint_id) as hashed
    from {int_touches} as touches
    where touches.is_counted and touches.occurred_at {{ is_to_come }} (select run.as_of from {run} as run)
{%- endmacro %}

{#- The same of a deal. -#}
{% macro deals_touches_to_come(is_to_come='>=') -%}
    select people.opportunity_id as owner, hash(touches.touchpoint_id) as hashed
    from {int_touches} as touches
    inner join {int_opportunity_people} as people on touches.person_id = people.person_id
    where touches.is_counted and touches.occurred_at {{ is_to_come }} (select run.as_of from {run} as run)
{%- endmacro %}

{#- For an incremental model of deals that reads int_touches: those whose people's touches were due. -#}
{% macro deals_touched() -%}
    select people.opportunity_id as owner from {int_opportunity_people} as people where people.person_id in {due}
{%- endmacro %}

{#- The record that a touch is of, as the owner of rows: what nobody is named in belongs together. -#}
{% macro touched_record(touches='') -%}
    coalesce({{ touches ~ '.' if touches }}record_key, '')
{%- endmacro %}

{#- Who owns a touch where touches are worked out by person: the person, or else the record, by the hash of its name. -#}
{% macro owner_of_touch(person_id='person_id', record='') -%}
    coalesce({{ person_id }}, 'nobody:' || {{ record or 'hash(' ~ touched_record() ~ ')' }})
{%- endmacro %}

{#-
    Of touches that are somebody else's now, among those of records that became another's or whose person is there no more, or
    again: who owned them, and who does. Touches are looked at once, for they are many.
-#}
{% macro touches_passed_on() -%}
    select unnest([told.owner, {{ owner_of_touch('told.person_now', 'told.record') }}]) as owner
    from (
        select distinct
            {{ owner_of_touch('touches.person_id', 'hash(' ~ touched_record('touches') ~ ')') }} as owner,
            hash({{ touched_record('touches') }}) as record,
            moved.person_id as person_now
        from {this} as touches
        inner join (
            select due.record_key, people.person_id
            from (
                select registry.record_key from {int_person_registry} as registry
                where registry.person_id in {int_people.due}
                union
                select resolved.owner as record_key from {int_people_resolved.due} as resolved
            ) as due
            left join {int_person_registry} as registry on due.record_key = registry.record_key
            left join {int_people} as people on registry.person_id = people.person_id
        ) as moved on touches.record_key = moved.record_key
        where touches.person_id is distinct from moved.person_id
    ) as told
{%- endmacro %}

{#- Whose the touches are of records in `{due}`; a view that is watched knows them by the hash of their names. -#}
{% macro touched_people(is_watched) -%}
    {%- set hashed = 'due.owner' if is_watched else 'hash(due.owner)' -%}
    select {{ owner_of_touch('people.person_id', hashed) }} as owner
    from {due} as due
    left join {int_person_registry} as registry
        on due.owner = {{ 'hash(registry.record_key)' if is_watched else 'registry.record_key' }}
    left join {int_people} as people on registry.person_id = people.person_id
{%- endmacro %}

{#- The record of a membership: a converted lead's names both, and the contact is who it is now. -#}
{% macro member_record(connections) -%}
    coalesce(
        {%- for object, id in [('Contact', 'contact_id'), ('Lead', 'lead_id')] %}
        'salesforce:' || (
            select connections.org_id from {{ connections }} as connections where connections.vendor = 'salesforce'
        ) || ':{{ object }}:' || {{ id }},
        {%- endfor %}
        ''
    )
{%- endmacro %}
