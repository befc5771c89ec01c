"""Further properties that every portal has and integrators write: no world fills them.

The properties that a world fills stand with their object types, in `catalog` and `further_objects`. Contacts
have an `hs_lastmodifieddate` that is never filled, as at HubSpot: theirs is `lastmodifieddate`.
"""

from __future__ import annotations

LINES = {
    "contacts": """
hs_lastmodifieddate datetime date r
salutation string text
industry string text
annualrevenue string text
numemployees enumeration select
company_size string text
job_function string text
seniority string text
work_email string text
fax string phonenumber
hs_whatsapp_phone_number string phonenumber
twitterhandle string text
hs_linkedin_url string text
date_of_birth string text
gender string text
marital_status string text
military_status string text
relationship_status string text
degree string text
field_of_study string text
school string text
graduation_date string text
start_date string text
message string textarea
hs_language enumeration select
hs_timezone enumeration select
hs_persona enumeration select
hs_buying_role enumeration checkbox
hs_legal_basis enumeration checkbox
hs_content_membership_notes string textarea
hs_content_membership_status enumeration select
hs_facebook_click_id string text
hs_google_click_id string text
closedate datetime date
""",
    "companies": """
website string text
address2 string text
type enumeration radio
hs_lead_status enumeration radio
about_us string textarea
founded_year string text
is_public bool booleancheckbox
timezone string text
total_money_raised string text
web_technologies enumeration checkbox
linkedin_company_page string text
linkedinbio string text
facebook_company_page string text
facebookfans number number
googleplus_page string text
twitterfollowers number number
twitterhandle string text
twitterbio string text
hs_annual_revenue_currency_code enumeration select
hs_country_code string text
hs_state_code string text
hs_ideal_customer_profile enumeration select
hs_is_target_account bool booleancheckbox
hs_target_account enumeration select
hs_analytics_source enumeration select r
hs_logo_url string text
closedate datetime date
""",
    "deals": """
hs_priority enumeration select
hs_next_step string text
hs_forecast_probability number number
hs_all_collaborator_owner_ids enumeration checkbox
hs_tag_ids enumeration checkbox
""",
    "tickets": """
hs_resolution enumeration select
hs_file_upload string file
hs_tag_ids enumeration checkbox
""",
    "calls": """
hs_activity_type enumeration select
hs_call_from_number string text
hs_call_recording_url string text
hs_call_source string text
hs_call_app_id number number
hs_call_external_id string text
hs_call_callee_object_id number number
hs_call_callee_object_type_id string text
""",
    "emails": """
hs_email_headers string textarea
hs_email_from_firstname string text r
hs_email_from_lastname string text r
hs_email_to_firstname string text r
hs_email_to_lastname string text r
hs_email_cc_email string text r
hs_email_bcc_email string text r
""",
    "meetings": """
hs_internal_meeting_notes string html
hs_meeting_location_type enumeration select
hs_attendee_owner_ids enumeration checkbox
hs_i_cal_uid string text
""",
    "tasks": """
hs_task_reminders string text
hs_task_is_all_day bool booleancheckbox
hs_queue_membership_ids enumeration checkbox
""",
    "products": """
hs_url string text
hs_images string text
hs_recurring_billing_period string text
""",
    "line_items": """
description string textarea
hs_discount_percentage number number
hs_recurring_billing_period string text
hs_recurring_billing_start_date date date
hs_position_on_quote number number
hs_external_id string text
hs_url string text
tax number number
""",
    "quotes": """
hs_domain string text
hs_slug string text
hs_template_type enumeration select
hs_payment_enabled bool booleancheckbox
hs_sender_company_name string text
""",
}
OPTIONS: dict[str, tuple[str, ...]] = {
    "companies.type": ("PROSPECT", "PARTNER", "RESELLER", "VENDOR", "OTHER"),
    "hs_ideal_customer_profile": ("tier_1", "tier_2", "tier_3"),
    "hs_content_membership_status": ("active", "inactive"),
    "hs_target_account": ("Tier 1", "Tier 2", "Tier 3"),
    "hs_priority": ("low", "medium", "high"),
    "hs_meeting_location_type": ("ADDRESS", "PHONE", "CUSTOM"),
    "hs_template_type": (
        "CUSTOMIZABLE_QUOTE_TEMPLATE", "CUSTOM_QUOTE_TEMPLATE", "QUOTE", "CPQ_QUOTE",
    ),
    "hs_buying_role": (
        "BLOCKER", "BUDGET_HOLDER", "CHAMPION", "DECISION_MAKER", "END_USER", "EXECUTIVE_SPONSOR",
        "INFLUENCER", "LEGAL_AND_COMPLIANCE", "OTHER",
    ),
    "hs_legal_basis": (
        "Legitimate interest – prospect/lead", "Legitimate interest – existing customer",
        "Legitimate interest - other", "Performance of a contract", "Freely given consent from contact",
        "Not applicable",
    ),
    "numemployees": ("1-5", "5-25", "25-50", "50-100", "100-500", "500-1000", "1000+"),
}  # fmt: skip
INDUSTRIES = """
COMPUTER_SOFTWARE FINANCIAL_SERVICES HOSPITAL_HEALTH_CARE RETAIL LOGISTICS_AND_SUPPLY_CHAIN MACHINERY
RENEWABLES_ENVIRONMENT EDUCATION_MANAGEMENT TELECOMMUNICATIONS FOOD_PRODUCTION MEDIA_PRODUCTION CONSTRUCTION
ACCOUNTING AIRLINES_AVIATION ALTERNATIVE_DISPUTE_RESOLUTION ALTERNATIVE_MEDICINE ANIMATION APPAREL_FASHION
ARCHITECTURE_PLANNING ARTS_AND_CRAFTS AUTOMOTIVE AVIATION_AEROSPACE BANKING BIOTECHNOLOGY BROADCAST_MEDIA
BUILDING_MATERIALS BUSINESS_SUPPLIES_AND_EQUIPMENT CAPITAL_MARKETS CHEMICALS CIVIC_SOCIAL_ORGANIZATION
CIVIL_ENGINEERING COMMERCIAL_REAL_ESTATE COMPUTER_NETWORK_SECURITY COMPUTER_GAMES COMPUTER_HARDWARE
COMPUTER_NETWORKING INTERNET CONSUMER_ELECTRONICS CONSUMER_GOODS CONSUMER_SERVICES COSMETICS DAIRY
DEFENSE_SPACE DESIGN E_LEARNING ELECTRICAL_ELECTRONIC_MANUFACTURING ENTERTAINMENT ENVIRONMENTAL_SERVICES
EVENTS_SERVICES EXECUTIVE_OFFICE FACILITIES_SERVICES FARMING FINE_ART FISHERY FOOD_BEVERAGES FUND_RAISING
FURNITURE GAMBLING_CASINOS GLASS_CERAMICS_CONCRETE GOVERNMENT_ADMINISTRATION GOVERNMENT_RELATIONS
GRAPHIC_DESIGN HEALTH_WELLNESS_AND_FITNESS HIGHER_EDUCATION HOSPITALITY HUMAN_RESOURCES IMPORT_AND_EXPORT
INDIVIDUAL_FAMILY_SERVICES INDUSTRIAL_AUTOMATION INFORMATION_SERVICES INFORMATION_TECHNOLOGY_AND_SERVICES
INSURANCE INTERNATIONAL_AFFAIRS INTERNATIONAL_TRADE_AND_DEVELOPMENT INVESTMENT_BANKING INVESTMENT_MANAGEMENT
JUDICIARY LAW_ENFORCEMENT LAW_PRACTICE LEGAL_SERVICES LEGISLATIVE_OFFICE LEISURE_TRAVEL_TOURISM LIBRARIES
LUXURY_GOODS_JEWELRY MANAGEMENT_CONSULTING MARITIME MARKET_RESEARCH MARKETING_AND_ADVERTISING
MECHANICAL_OR_INDUSTRIAL_ENGINEERING MEDICAL_DEVICES MEDICAL_PRACTICE MENTAL_HEALTH_CARE MILITARY
MINING_METALS MOBILE_GAMES MOTION_PICTURES_AND_FILM MUSEUMS_AND_INSTITUTIONS MUSIC NANOTECHNOLOGY NEWSPAPERS
NON_PROFIT_ORGANIZATION_MANAGEMENT OIL_ENERGY ONLINE_MEDIA OUTSOURCING_OFFSHORING PACKAGE_FREIGHT_DELIVERY
PACKAGING_AND_CONTAINERS PAPER_FOREST_PRODUCTS PERFORMING_ARTS PHARMACEUTICALS PHILANTHROPY PHOTOGRAPHY
PLASTICS POLITICAL_ORGANIZATION PRIMARY_SECONDARY_EDUCATION PRINTING PROFESSIONAL_TRAINING_COACHING
PROGRAM_DEVELOPMENT PUBLIC_POLICY PUBLIC_RELATIONS_AND_COMMUNICATIONS PUBLIC_SAFETY PUBLISHING
RAILROAD_MANUFACTURE RANCHING REAL_ESTATE RECREATIONAL_FACILITIES_AND_SERVICES RELIGIOUS_INSTITUTIONS
RESEARCH RESTAURANTS SECURITY_AND_INVESTIGATIONS SEMICONDUCTORS SHIPBUILDING SPORTING_GOODS SPORTS
STAFFING_AND_RECRUITING SUPERMARKETS TEXTILES THINK_TANKS TOBACCO TRANSLATION_AND_LOCALIZATION
TRANSPORTATION_TRUCKING_RAILROAD UTILITIES VENTURE_CAPITAL_PRIVATE_EQUITY VETERINARY WAREHOUSING WHOLESALE
WINE_AND_SPIRITS WIRELESS WRITING_AND_EDITING
"""
"""Those that a world's companies are of come first."""
