"""HubSpot's marketing side over HTTP: lists, forms, events, e-mail, consent. Paging of each, nothing else.

Belongs here: requests that are no CRM records. What the answers become is `pipelines.sources`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.clients import errors
from pipelines.clients.batches import batched
from pipelines.clients.hubspot.client import HubSpotClient, Json
from pipelines.clients.hubspot.pages import Page

LISTS, MEMBERS, SUBMISSIONS, OLD_PAGE, STATUSES, CAMPAIGNS, SEATS = 500, 250, 50, 1_000, 100, 50, 100
LIST_PROPERTIES = ("hs_list_size", "hs_last_record_added_at", "hs_last_record_removed_at")


def lists(client: HubSpotClient) -> list[Json]:
    found: list[Json] = []
    while True:
        body = {"count": LISTS, "offset": len(found), "additionalProperties": list(LIST_PROPERTIES)}
        page = client.post(client.path("lists") + "/search", body)
        found += page.get("lists") or []
        if not page.get("hasMore") or not page.get("lists"):
            if len(found) < int(page.get("total") or 0):
                raise errors.Truncated(f"HubSpot gave {len(found)} of {page['total']} lists")
            return found


def members(client: HubSpotClient, list_id: str) -> Iterator[Json]:
    return client.pages(f"{client.path('lists')}/{list_id}/memberships", MEMBERS)


def forms(client: HubSpotClient) -> Iterator[Json]:
    """Those in use, and the archived ones: their submissions still count."""
    for archived in ("false", "true"):
        yield from client.pages("/marketing/v3/forms", 100, {"formTypes": "all", "archived": archived})


def submissions(client: HubSpotClient, form_id: str, after: str | None = None) -> Iterator[Page]:
    """Pages, newest first."""
    return client.paged(f"/form-integrations/v1/submissions/forms/{form_id}", SUBMISSIONS, after=after)


def participations(client: HubSpotClient, event_id: str) -> Iterator[Json]:
    return client.pages(f"{client.path('marketing_events')}/participations/{event_id}/breakdown", SEATS)


def old_pages(client: HubSpotClient, path: str, key: str, params: dict[str, str]) -> Iterator[list[Json]]:
    """Pages of the old API: newest first, `offset` a token that ends with `hasMore`."""
    offset: str | None = None
    while True:
        page = client.get(path, params | {"limit": str(OLD_PAGE)} | ({"offset": offset} if offset else {}))
        if not isinstance(page.get(key), list):
            raise errors.Truncated(f"HubSpot's page has no {key}", remedy="run this again")
        yield page[key]
        if not page.get("hasMore"):
            return
        offset = str(page["offset"])


def subscription_types(client: HubSpotClient) -> list[Json]:
    """What people can subscribe to."""
    path = f"{client.path('preferences')}/definitions"
    return list(client.get(path).get("results") or [])


def statuses(client: HubSpotClient, addresses: Sequence[str]) -> Iterator[list[Json]]:
    """Of one address after the other how it stands to each kind of subscription."""
    path = f"{client.path('preferences')}/statuses/batch/read"
    for some in batched(addresses, STATUSES):
        for result in client.post(path, {"inputs": list(some)}, {"channel": "EMAIL"}).get("results") or []:
            yield result.get("statuses") or []


def campaigns_with_assets(client: HubSpotClient, ids: Sequence[str]) -> Iterator[tuple[str, str, Json]]:
    """(campaign, asset type, asset) of all assets, past the page that comes with a campaign."""
    path = client.path("campaigns")
    for some in batched(ids, CAMPAIGNS):
        body = {"inputs": [{"id": each} for each in some]}
        for campaign in client.post(f"{path}/batch/read", body).get("results") or []:
            for kind, found in (campaign.get("assets") or {}).items():
                assets = found.get("results") or []
                if ((found.get("paging") or {}).get("next") or {}).get("after") is not None:
                    assets = client.pages(f"{path}/{campaign['id']}/assets/{kind}", 100)
                for asset in assets:
                    yield str(campaign["id"]), str(kind), asset


def influenced_contacts(client: HubSpotClient, campaign: str) -> Iterator[str]:
    """Ids of the contacts that a campaign's assets had a part in, by HubSpot's own report, each once."""
    path = f"{client.path('campaigns')}/{campaign}/reports/contacts/influencedContacts"
    return iter(dict.fromkeys(str(each["id"]) for each in client.pages(path, 100)))
