"""The configuration of a team that has switched its pairs on.

Belongs here: files of `config/` as that team has them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pipelines.settings import PROJECT_ROOT

PEOPLE = """
source: hubspot
destination: salesforce
on_delete: both
lines:
  - {from: email, to: Email}
  - {from: firstname, to: FirstName, conflict: source}
  - {from: company, to: Company}
  - from: lifecyclestage
    to: Lead_Status__c
    values: {subscriber: New, lead: Open, marketingqualifiedlead: MQL, salesqualifiedlead: SQL,
      opportunity: Working, customer: Closed Won}
  - {from: hs_lead_score, to: Lead_Score__c, default: 0}
  - {from: city, to: City, blanks: clear}
  - {from: about, to: Description, conflict: longest}
  - {from: interests, to: Interests__c, conflict: union}
  - {from: jobtitle, to: Title, conflict: manual}
  - {from: zip, to: PostalCode, conflict: destination}
  - {from: mobilephone, to: MobilePhone, blanks: clear}
"""
FAIR, GUESTS = "Always On Data Quality Trade Show", "Nurture"
MEMBERS = f"lists: [{{campaign: {FAIR}, statuses: [Attended], list: {GUESTS}}}]\n"
ACTIVITIES = """
to_salesforce: [calls, emails, meetings, notes, tasks]
to_hubspot: [Task, Event]
days: 1
on_delete: copy
"""
NO_NEWS = "Newsletter_Opt_Out__c"
CONSENT = f"""
purposes:
  newsletter: {{hubspot: 501, marketing_cloud: Newsletter, salesforce: {{Lead: {NO_NEWS}}}}}
"""
INTERESTS = ("Analytics", "Automation", "Integrations", "Reporting", "Security")
PROPERTIES = (
    {"name": "about", "label": "About", "type": "string", "fieldType": "textarea"},
    {"name": "interests", "label": "Interests", "type": "enumeration", "fieldType": "checkbox",
     "options": [{"label": each, "value": each, "displayOrder": n} for n, each in enumerate(INTERESTS)]},
)  # fmt: skip
_SWITCHED_ON = {
    "companies.yml": "on_delete: both", "deals.yml": "on_delete: both",
    "campaigns.yml": "create: both\non_delete: source",
}  # fmt: skip
_CLEARED = {
    "companies.yml": "{from: city, to: BillingCity", "deals.yml": "{from: amount, to: Amount",
    "campaigns.yml": "{from: hs_start_date, to: StartDate",
}  # fmt: skip


def config(folder: Path) -> Path:
    """The project's own files, every pair switched on, and lines for people with every conflict rule."""
    target = folder / "config"
    shutil.copytree(PROJECT_ROOT / "config", target)
    for name, said in _SWITCHED_ON.items():
        path, line = target / "field_mappings" / name, _CLEARED[name]
        text = path.read_text()
        assert line in text
        text = text.replace("enabled: false", f"enabled: true\n{said}", 1)
        path.write_text(text.replace(line, f"{line}, blanks: clear"))
    (target / "field_mappings" / "people.yml").write_text(PEOPLE)
    (target / "campaign_members.yml").write_text(MEMBERS)
    (target / "activities.yml").write_text(ACTIVITIES)
    (target / "consent.yml").write_text(CONSENT)
    syncs = target / "syncs.yml"
    guards = syncs.read_text().replace("blanks: 0", "blanks: 20").replace("floor: 100", "floor: 1000")
    syncs.write_text(guards.replace("100000}", "100000, delete_record: 20}"))
    return target


def make_contacts(config_dir: Path) -> None:
    """From now on people who are only in HubSpot become contacts of Salesforce, and no leads."""
    folder = config_dir / "field_mappings"
    named = "\nsource_object: contacts\ndestination_object: "
    people = folder / "people.yml"
    text = people.read_text()
    people.write_text(text.replace("\ndestination: salesforce", f"\ndestination: salesforce{named}Lead", 1))
    (folder / "contacts.yml").write_text(
        f"source: hubspot\ndestination: salesforce{named}Contact\ndirection: to_destination\n"
        "create: destination\nlines:\n  - {from: email, to: Email, write: fill_if_empty}\n"
    )
