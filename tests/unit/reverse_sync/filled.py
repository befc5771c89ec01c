"""Records without our fields in both CRMs, and a published wish for each."""

from __future__ import annotations

from .conftest import World


def fill(world: World, contacts: int = 7, leads: int = 5) -> None:
    """Records without our fields, and a published wish for each."""
    world.hubspot.records = {str(n): {} for n in range(contacts)}
    world.salesforce.records = {str(n): {} for n in range(leads)}
    world.publish(
        {str(n): {"score": n, "source": "paid"} for n in range(contacts)},
        {str(n): {"Score__c": float(n), "Revenue__c": "10.50"} for n in range(leads)},
    )
