with found as (
    select * from {{ ref('int_campaign_findings') }}
    union all
    select * from {{ ref('int_opportunity_findings') }}
    union all
    select * from {{ ref('int_owner_findings') }}
    union all
    select
        finding,
        vendor,
        object,
        example_id
    from {{ ref('int_person_findings') }}
    union all
    select * from {{ ref('int_record_findings') }}
    union all
    select * from {{ ref('int_orphan_findings') }}
    union all
    select * from {{ ref('int_association_findings') }}
    union all
    select
        finding,
        vendor,
        object,
        example_id
    from {{ source('ops', 'object_findings') }}
    union all
    select
        'campaign_perhaps_twice' as finding,
        split_part(reviews.right_key, ':', 1) as vendor,
        split_part(reviews.right_key, ':', 3) as object,
        split_part(reviews.right_key, ':', 4) as example_id
    from {{ ref('campaign_reviews') }} as reviews
),

counted as (
    select
        finding,
        vendor,
        object,
        count(*) as records,
        list_slice(list(distinct example_id order by example_id), 1, 3) as example_ids
    from found
    group by finding, vendor, object
),

explained (finding, severity, remedy) as (
    values
    ('opportunity_without_account', 'warning', 'Set the account: pipeline by account leaves these deals out.'),
    ('opportunity_without_close_date', 'warning', 'Set a close date: no forecast period has these deals.'),
    ('opportunity_without_amount', 'warning', 'Set the amount: these deals count as deals but not as money.'),
    (
        'opportunity_with_negative_amount',
        'info',
        'A refund booked as a deal lowers revenue and wins nobody; correct the amount where it is none.'
    ),
    ('opportunity_without_owner', 'error', 'Give the deal an owner: nobody works on it.'),
    (
        'opportunity_without_created_date',
        'warning',
        'Without a date of creation a deal has no cycle and is left out of velocity.'
    ),
    (
        'opportunity_closed_before_created',
        'warning',
        'Correct one of the dates: the cycle is shorter than nothing.'
    ),
    (
        'opportunity_in_unknown_currency',
        'warning',
        'No rate to the company currency is known: totals leave these deals out.'
    ),
    ('opportunity_without_stage', 'warning', 'Set the stage: the deal is in no column of the pipeline.'),
    ('stage_unknown_to_config', 'error', 'Add the stage to config/stages.yml; it shows as unmapped until then.'),
    ('opportunity_without_stage_history', 'warning', 'The CRM holds no history of these deals'' stages.'),
    ('owner_in_no_team', 'warning', 'Add the person to config/teams.yml, or take the deals over.'),
    ('owner_unknown', 'warning', 'The CRM lists no such owner: give the record to someone it knows.'),
    ('owner_inactive', 'warning', 'Give these open deals to someone who still works here.'),
    ('person_with_invalid_email', 'warning', 'Correct the address: it cannot be delivered to or matched.'),
    (
        'person_of_unknown_account',
        'warning',
        'The company the record names is deleted or was never extracted: name another, or none.'
    ),
    (
        'person_with_address_of_nobody',
        'info',
        'Made up or shared (config/identity.yml): the person is matched by everything but the address.'
    ),
    ('person_with_name_of_nobody', 'info', 'One letter, a picture or too long: the person is matched without it.'),
    ('person_without_email', 'info', 'Without an address a person is matched by CRM links only.'),
    ('person_twice_in_one_object', 'warning', 'Merge the records in the CRM: the marts count one person.'),
    ('account_twice_in_one_object', 'warning', 'Merge the records in the CRM: the marts count one company.'),
    ('response_before_campaign', 'warning', 'Correct the date: the day of membership stands in for it.'),
    (
        'campaign_perhaps_twice',
        'warning',
        'Settle in config/attribution.yml whether two are one (marts.campaign_reviews): until then each has its own cost.'
    ),
    ('campaign_member_without_person', 'warning', 'The lead or contact is gone; the touch is not counted.'),
    ('task_without_person', 'warning', 'The lead or contact is gone; the touch is not counted.'),
    ('touch_without_date', 'warning', 'Without a date a touch is not counted.'),
    (
        'stage_change_before_creation',
        'warning',
        'Correct one of the dates: the deal is told as in a stage before it was created.'
    ),
    (
        'pipeline_with_one_stage',
        'warning',
        'Give the pipeline more stages: deals in it cannot move, and have no conversion.'
    ),
    ('stage_change_without_deal', 'warning', 'The deal is gone or was never extracted; its history is not told.'),
    (
        'contact_role_without_contact_or_opportunity',
        'warning',
        'One side is gone; the role earns no credit for anyone.'
    ),
    (
        'record_without_parent',
        'error',
        'Tie each to the record that custom_objects.yml requires; all are in ops.object_findings.'
    ),
    ('association_without_record', 'warning', 'One side is gone or archived; the association is not followed.')
)

select
    counted.finding,
    explained.severity,
    counted.vendor,
    counted.object,
    counted.records,
    counted.example_ids,
    explained.remedy
from counted
-- A finding without a remedy is refused by the column's constraint, not left out.
left join explained on counted.finding = explained.finding
