"""Names that a CRM or this project keeps for itself, so that nothing of the file may have them.

Belongs here: the lists, and asking them. HubSpot defines more properties than are
listed; a plan asks the portal.
"""

from __future__ import annotations

from pipelines.rules.schema import names
from pipelines.rules.schema.faults import fault
from pipelines.rules.schema.load import Model
from pipelines.rules.schema.objects import ObjectModel


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HUBSPOT_OBJECTS = _words("""
    call calls campaigns communications companies company contact contacts deal deals email emails
    feedback_submissions goal_targets lead leads line_item line_items marketing_events meeting
    meetings note notes owners postal_mail product products quote quotes task tasks ticket
    tickets user users""")
"""Objects of HubSpot's own, as its API calls them."""
STAGED = _words("""
    account_history accounts associations behavioral_events business_hours calls campaign_assets
    campaign_contacts campaign_influence campaign_items campaign_member_statuses campaign_members
    campaign_reports
    campaigns canceled_events case_history cases communications companies
    companies_property_history contact_history contacts contacts_property_history currencies
    currency_types dated_conversion_rates deals deals_property_history email_campaigns email_events
    email_messages emails events exchange_rates forecasting_items forecasting_quotas
    form_submissions forms goal_targets group_members groups holidays lead_history lead_statuses
    leads leads_property_history line_items list_members lists marketing_event_participations
    marketing_events meeting_bookings meeting_links meetings merges notes opportunities
    opportunity_contact_roles opportunity_field_history opportunity_history
    opportunity_line_items opportunity_stages organizations owners periods pipeline_stages
    pipelines pricebook_entries products properties queue_objects record_types schemas
    subscription_changes subscription_statuses subscription_types tasks teams territories territory_records
    territory_users tickets tickets_property_history user_roles users""")
"""Staging models of both CRMs: an object of the file is staged under a name of the same pattern."""
COLUMNS = frozenset(
    {"name", "owner", "record_id", "record_key", "modified_at", "hubspot_record_key", "salesforce_record_key"}
)
"""Columns that every staged object and its mart have, and what layouts call the name and the owner."""
_PEOPLE = _words("""
    address annualrevenue city closedate country days_to_close first_conversion_date
    first_conversion_event_name first_deal_created_date industry lifecyclestage linkedinbio
    notes_last_contacted notes_last_updated notes_next_activity_date num_associated_deals
    num_contacted_notes num_conversion_events num_notes num_unique_conversion_events owneremail
    ownername phone recent_conversion_date recent_conversion_event_name recent_deal_amount
    recent_deal_close_date state total_revenue twitterhandle website zip""")
HUBSPOT_PROPERTIES: dict[str, frozenset[str]] = {
    "contacts": _PEOPLE
    | _words("""
    associatedcompanyid company company_size currentlyinworkflow date_of_birth degree email fax
    field_of_study firstname followercount gender graduation_date hubspotscore ip_city
    ip_country ip_state ip_zipcode job_function jobtitle lastname linkedinconnections
    marital_status message military_status mobilephone numemployees photo relationship_status
    salutation school seniority start_date twitterbio work_email"""),
    "companies": _PEOPLE
    | _words("""
    about_us address2 description domain facebook_company_page facebookfans founded_year is_public
    linkedin_company_page name num_associated_contacts numberofemployees timezone
    total_money_raised twitterbio twitterfollowers type web_technologies"""),
    "deals": _words("""
    amount amount_in_home_currency closed_lost_reason closed_won_reason closedate days_to_close
    deal_currency_code dealname dealstage dealtype description notes_last_contacted
    notes_last_updated notes_next_activity_date num_associated_contacts num_contacted_notes
    num_notes pipeline"""),
    "tickets": _words("""
    closed_date content created_by first_agent_reply_date last_reply_date notes_last_contacted
    notes_last_updated notes_next_activity_date num_contacted_notes num_notes source_type
    subject time_to_close time_to_first_agent_reply"""),
    "products": _words(
        """createdate description discount name price quantity recurringbillingfrequency tax"""
    ),
}
"""Properties that HubSpot defines on its own objects; those that begin with hs_ are kept everywhere."""


def free_name(plain: str) -> str:
    """A name for a field of an object that is imported: what is kept gets an ending."""
    return f"{plain}_value" if plain in COLUMNS else plain


def check_object(model: Model, key: str, each: ObjectModel) -> None:
    """The object's own name, and the names of its fields and relationships."""
    where = model.where("objects", key)
    hubspot = names.object_name("hubspot", key, each)
    if each.is_custom and hubspot in HUBSPOT_OBJECTS:
        raise fault(f"HubSpot has an object of its own called {hubspot}", where,
                    "say hubspot: with another name, or extends: to add to HubSpot's own")  # fmt: skip
    if key.lower() in STAGED:
        raise fault(f"{key} is a name of this project's own staging tables", where,
                    "give it another one in the file; hubspot: and salesforce: may say theirs")  # fmt: skip
    for part in ("fields", "relationships"):
        for name in getattr(each, part):
            at = model.where("objects", key, part, name)
            if each.is_custom and name.lower() in {*COLUMNS, f"{key.lower()}_id"}:
                raise fault(f"{name} is a column that every object has in the warehouse", at,
                            "give it another name in the file")  # fmt: skip
            if part == "relationships" and name in each.fields:
                raise fault(f"{name} is a field of {key} and a relationship", at, "rename one of them")
    _record_type(model, key, each)
    for name, field in each.fields.items():
        check_property(hubspot or "", names.field_name("hubspot", name, field) or "",
                       model.where("objects", key, "fields", name))  # fmt: skip


def _record_type(model: Model, key: str, each: ObjectModel) -> None:
    """HubSpot holds record types that are no pipelines as a property, which no field may be."""
    if all(record_type in each.pipelines for record_type in each.record_types):
        return
    for name, field in each.fields.items():
        if names.field_name("hubspot", name, field) == names.RECORD_TYPE:
            raise fault(
                f"HubSpot holds the record types of {key} in the property {names.RECORD_TYPE}, which {name} "
                "would be too", model.where("objects", key, "fields", name),
                "say hubspot: with another name",
            )  # fmt: skip


def check_property(owner: str, called: str, where: str) -> None:
    """A field that would have the name of one of HubSpot's own."""
    if called in HUBSPOT_PROPERTIES.get(owner, ()):
        raise fault(f"HubSpot has a property {owner}.{called} of its own", where,
                    "a field mapping uses it as it is; take it out of the file, or give the field "
                    "another name")  # fmt: skip
