"""Consent, requests and notices: what was agreed, what was asked at the door, and what was written about a subscription."""

from django.contrib import admin
from django.db.models import Q

from subscriptions import mailboxes
from subscriptions.admin.base import AddressSearch, ReadOnlyAdmin, change_link
from subscriptions.admin.filters import days
from subscriptions.models import AuditEntry, Consent, Notice, Request
from subscriptions.suppression import mailbox_hash


@admin.register(Consent)
class ConsentAdmin(AddressSearch[Consent], ReadOnlyAdmin[Consent]):
    list_display = ("at", "who", "event", "method", "wording_version", "network")
    list_display_links = ("at",)
    list_filter = ("event", days("at", "day", "on"))
    list_select_related = ("subscriber",)
    whole = "subscriber_id"
    search_fields = ("subscriber__id",)
    search_help_text = "A whole address finds its consent, also after it was erased; or a subscriber's number."
    sortable_by = ()
    links_into = ("subscriber__id__exact",)
    fields = ("at", "who", "event", "method", "network", "wording_version", "wording")
    readonly_fields = ("who",)

    def of_address(self, address: str) -> Q:
        return Q(mailbox_hash=mailbox_hash(address))

    @admin.display(description="subscriber")
    def who(self, consent: Consent) -> str:
        return change_link(consent.subscriber, consent.subscriber) if consent.subscriber else "erased"


@admin.register(Request)
class RequestAdmin(AddressSearch[Request], ReadOnlyAdmin[Request]):
    """Answers "I asked and got nothing": what was asked, and whether a message was written or why not."""

    list_display = ("created_at", "kind", "domain", "network", "answered_at", "outcome", "reason")
    list_filter = ("kind", "outcome", days("created_at", "day", "created"))
    search_fields = ("=domain", "=network", "reason")
    search_help_text = "A whole address, a receiving domain, a network, or words of the reason."
    sortable_by = ()
    fields = ("created_at", "kind", "domain", "network", "answered_at", "outcome", "reason")

    def of_address(self, address: str) -> Q:
        try:
            return Q(mailbox=mailbox_hash(mailboxes.parse(address).canonical))
        except mailboxes.AddressRefused:
            return Q(pk=None)


@admin.register(Notice)
class NoticeAdmin(AddressSearch[Notice], ReadOnlyAdmin[Notice]):
    list_display = ("created_at", "kind", "subscriber", "expires_at", "used_at")
    list_filter = ("kind", days("created_at", "day", "created"))
    list_select_related = ("subscriber",)
    whole = "key"
    search_fields = ("key",)
    search_help_text = "A whole address finds its notices; or a whole key."
    sortable_by = ()
    links_into = ("subscriber__id__exact",)
    fields = ("kind", "who", "recipient", "created_at", "expires_at", "used_at", "key", "context")
    readonly_fields = ("who",)

    @admin.display(description="subscriber")
    def who(self, notice: Notice) -> str:
        return change_link(notice.subscriber, notice.subscriber)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin[AuditEntry]):
    list_display = ("at", "actor_name", "action", "target", "network")
    list_filter = ("action", days("at", "day", "at"))
    search_fields = ("actor_name", "=target", "action")
    search_help_text = "An account's name, an action, or a target such as “subscriber 12”."
    sortable_by = ()
    fields = ("at", "actor_name", "action", "target", "detail", "network")
