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

best as (
    select
        ranked.left_key,
        ranked.right_key,
        ranked.agreements,
        ranked.lines,
        ranked.strength,
        max(ranked.strength) over (partition by ranked.left_key) as best_left,
        max(ranked.strength) over (partition by ranked.right_key) as best_right,
        count(*) over (partition by ranked.left_key, ranked.strength) as as_good_left,
        count(*) over (partition by ranked.right_key, ranked.strength) as as_good_right
    from ranked
)

-- A pair stands where nothing else agrees as well, on either side.
select
    best.left_key,
    best.right_key,
    best.agreements,
    best.lines,
    best.lines > 0
    and best.strength = best.best_left
    and best.strength = best.best_right
    and best.as_good_left = 1
    and best.as_good_right = 1 as is_exact
from best
