-- A HubSpot deal beside each Salesforce opportunity of the same company or name, and in what the two agree.
with records as (
    select
        records.record_key,
        records.vendor,
        accounts.account_id,
        {{ normalize_company_name('records.name') }} as name,
        records.amount,
        records.currency,
        records.close_date
    from {{ ref('int_opportunity_records') }} as records
    left join {{ ref('int_opportunity_accounts') }} as accounts on records.record_key = accounts.record_key
),

proposed as (
    select
        hubspot.record_key as left_key,
        salesforce.record_key as right_key
    from records as hubspot
    inner join records as salesforce on hubspot.account_id = salesforce.account_id
    where hubspot.vendor = 'hubspot' and salesforce.vendor = 'salesforce'

    union

    select
        hubspot.record_key as left_key,
        salesforce.record_key as right_key
    from records as hubspot
    inner join records as salesforce
        on
            hubspot.name = salesforce.name
            and hubspot.close_date = salesforce.close_date
    where hubspot.vendor = 'hubspot' and salesforce.vendor = 'salesforce'
),

people as (
    select distinct
        contacts.opportunity_key as record_key,
        members.person_id
    from {{ ref('int_opportunity_contacts') }} as contacts
    inner join {{ ref('int_person_members') }} as members on contacts.person_key = members.record_key
),

shared as (
    select
        proposed.left_key,
        proposed.right_key,
        count(*) as contacts
    from proposed
    inner join people as left_people on proposed.left_key = left_people.record_key
    inner join people as right_people
        on proposed.right_key = right_people.record_key and left_people.person_id = right_people.person_id
    group by all
),

compared as (
    select
        proposed.left_key,
        proposed.right_key,
        coalesce(hubspot.account_id = salesforce.account_id, false) as account,
        coalesce(hubspot.name = salesforce.name, false) as name,
        coalesce(hubspot.amount = salesforce.amount and hubspot.currency = salesforce.currency, false) as amount,
        coalesce(hubspot.close_date = salesforce.close_date, false) as close_date,
        coalesce(shared.contacts, 0) > 0 as contact
    from proposed
    inner join records as hubspot on proposed.left_key = hubspot.record_key
    inner join records as salesforce on proposed.right_key = salesforce.record_key
    left join shared on proposed.left_key = shared.left_key and proposed.right_key = shared.right_key
),

listed as (
    select
        compared.left_key,
        compared.right_key,
        concat_ws(
            ',',
            case when compared.account then 'account' end,
            case when compared.amount then 'amount' end,
            case when compared.close_date then 'close_date' end,
            case when compared.contact then 'contact' end,
            case when compared.name then 'name' end
        ) as agreed
    from compared
),

-- Lines of deals.merge_when in config/identity.yml of which every word agrees.
met as (
    select
        listed.left_key,
        listed.right_key,
        string_split(listed.agreed, ',') as agreements,
        (
            select count(*)
            from {{ source('rules', 'identity') }} as policy
            where
                policy.setting = 'merge_when'
                and list_has_all(string_split(listed.agreed, ','), string_split(policy.value, ','))
        ) as lines
    from listed
    where listed.agreed != ''
),

ranked as (
    select
        met.left_key,
        met.right_key,
        met.agreements,
        met.lines,
        met.lines * 10 + len(met.agreements) as strength
    from met
),

-- What a record agrees in best, where it agrees so well with one other only.
left_best as (
    select
        ranked.left_key,
        max(ranked.strength) as strength
    from ranked
    group by ranked.left_key
    having len(max(ranked.strength, 2)) = 1 or max(ranked.strength, 2)[2] < max(ranked.strength)
),

right_best as (
    select
        ranked.right_key,
        max(ranked.strength) as strength
    from ranked
    group by ranked.right_key
    having len(max(ranked.strength, 2)) = 1 or max(ranked.strength, 2)[2] < max(ranked.strength)
)

-- A pair stands where nothing else agrees as well, on either side.
select
    ranked.left_key,
    ranked.right_key,
    ranked.agreements,
    ranked.lines,
    ranked.lines > 0 and left_best.left_key is not null and right_best.right_key is not null as is_exact
from ranked
left join left_best on ranked.left_key = left_best.left_key and ranked.strength = left_best.strength
left join right_best on ranked.right_key = right_best.right_key and ranked.strength = right_best.strength
