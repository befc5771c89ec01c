"""Which handlers there are, and how channels that are no CRM are opened.

Belongs here: two explicit lists. To add a kind of action write a handler (`base.Handler`) in the module of
its vendor and name it in `HANDLERS`; to add somewhere to send to, name how it is opened in `CHANNELS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from pipelines.reverse_sync.actions import (
    activities,
    associations,
    campaign_members,
    deletes,
    enrolment,
    extension_rows,
    fields,
    hubspot,
    hubspot_records,
    influence,
    marketing_cloud,
    merging,
    messages,
    model_records,
    salesforce,
    salesforce_records,
)
from pipelines.reverse_sync.actions.base import UNDO, Action, Channel, Doer, Handler
from pipelines.reverse_sync.actions.undoing import Undo, kind_of
from pipelines.settings import Settings


@dataclass(frozen=True)
class ChannelKind:
    """How a channel that is no CRM is opened. `refuse` raises UsageError when this run may not send there."""

    open: Callable[[Settings], AbstractContextManager[Channel]]
    refuse: Callable[[Settings], None]


@dataclass(frozen=True)
class Registry:
    """Handlers by vendor and kind."""

    handlers: Sequence[type[Handler]]
    channels: Mapping[str, ChannelKind]

    def find(self, vendor: str, kind: str) -> type[Handler] | None:
        return next((each for each in self.handlers if (each.vendor, each.kind) == (vendor, kind)), None)

    def doer(self, channel: Channel, action: Action) -> Doer | None:
        """Whoever does this action and those of its group, over an open channel."""
        made = self.find(action.vendor, kind_of(action))
        if made is None:
            return None
        return Undo(made(channel)) if action.kind == UNDO else made(channel)

    @property
    def noticed(self) -> tuple[str, ...]:
        """Kinds that count against what a person may get in a day."""
        return tuple(dict.fromkeys(each.kind for each in self.handlers if each.is_noticed))


HANDLERS: tuple[type[Handler], ...] = (
    hubspot.HubSpotTask,
    hubspot.HubSpotNote,
    hubspot.HubSpotLead,
    hubspot_records.HubSpotCreator,
    associations.HubSpotAssociation,
    salesforce_records.SalesforceCreator,
    campaign_members.CampaignMember,
    activities.SalesforceActivity,
    activities.HubSpotActivity,
    deletes.SalesforceDelete,
    deletes.HubSpotDelete,
    salesforce.SalesforceTask,
    influence.SalesforceCampaignInfluence,
    model_records.SalesforceRecord,
    model_records.HubSpotRecord,
    merging.HubSpotMerge,
    merging.SalesforceMerge,
    enrolment.SequenceEnrolment,
    enrolment.ListMembership,
    fields.HubSpotFields,
    fields.SalesforceFields,
    messages.SlackMessage,
    messages.MailMessage,
    messages.WebhookMessage,
    marketing_cloud.JourneyEntry,
    marketing_cloud.JourneyUpdate,
    marketing_cloud.JourneyExit,
    extension_rows.RowRemoval,
    extension_rows.RowEmptying,
)
CHANNELS: Mapping[str, ChannelKind] = {
    "slack": ChannelKind(messages.open_slack, messages.may_go_on),
    "mail": ChannelKind(messages.open_mail, messages.may_go_on),
    "webhook": ChannelKind(messages.open_webhook, messages.may_go_on),
}
REGISTRY = Registry(HANDLERS, CHANNELS)
