"""Suppressions: added by typing an address, which is kept as a keyed hash only, and lifted by an operator alone."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from subscriptions import mailboxes, suppression
from subscriptions.admin.base import AddressSearch
from subscriptions.admin.filters import StandingFilter, days
from subscriptions.models import Suppression

if TYPE_CHECKING:
    from django.forms import TextInput as AddressInput
else:
    from unfold.widgets import UnfoldAdminTextInputWidget as AddressInput


class SuppressForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's forms take their parameter only in the stubs
    address = forms.CharField(
        max_length=254,
        widget=AddressInput(attrs={"autocomplete": "off", "inputmode": "email"}),
        help_text="Kept as a keyed hash only: it cannot be read back.",
    )

    class Meta:
        model = Suppression
        fields = ("note",)

    def clean_address(self) -> str:
        try:
            address = mailboxes.parse(self.cleaned_data["address"]).address
        except mailboxes.AddressRefused as error:
            raise ValidationError(str(error)) from error
        if suppression.standing([suppression.mailbox_hash(address)]):
            raise ValidationError("This address is suppressed already.")
        return address


@admin.register(Suppression)
class SuppressionAdmin(AddressSearch[Suppression]):
    list_display = ("id", "reason", "note", "created_at", "lifted_at", "lifted_by")
    list_filter = (StandingFilter, "reason", days("created_at", "day", "created"))
    search_fields = ("note",)
    search_help_text = "A whole address finds its suppressions; other words search the notes."
    actions = ("lift_chosen",)
    actions_submit_line = ("lift",)

    def get_fields(self, request: HttpRequest, obj: Suppression | None = None) -> list[Any]:
        return ["address", "note"] if obj is None else ["reason", "note", "created_at", "lifted_at", "lifted_by"]

    def get_readonly_fields(self, request: HttpRequest, obj: Suppression | None = None) -> list[str]:
        return [] if obj is None else ["reason", "created_at", "lifted_at", "lifted_by"]

    def get_form(self, request: HttpRequest, obj: Suppression | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = SuppressForm
        return super().get_form(request, obj, change, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        return False

    def of_address(self, address: str) -> Q:
        return Q(mailbox_hash=suppression.mailbox_hash(address))

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made = suppression.suppress(
            form.cleaned_data["address"], Suppression.Reason.OPERATOR, form.cleaned_data["note"], timezone.now()
        )
        obj.__dict__.update(made.__dict__)

    def get_actions_submit_line(self, request: HttpRequest, object_id: int) -> Any:
        """The button that lifts shows while there is something to lift."""
        standing = Suppression.objects.standing().filter(pk=object_id).exists()
        return super().get_actions_submit_line(request, object_id) if standing else []  # type: ignore[misc]  # of Unfold's ModelAdmin

    def lift(self, request: HttpRequest, obj: Suppression) -> None:
        self._lift(request, Suppression.objects.filter(pk=obj.pk))

    lift.short_description = "Lift this suppression"  # type: ignore[attr-defined]
    lift.allowed_permissions = ("change",)  # type: ignore[attr-defined]
    lift.attrs = {}  # type: ignore[attr-defined]

    @admin.action(description="Lift the chosen suppressions", permissions=["change"])
    def lift_chosen(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> None:
        self._lift(request, queryset)

    def _lift(self, request: HttpRequest, chosen: QuerySet[Suppression]) -> None:
        standing = list(Suppression.objects.standing().filter(pk__in=chosen.values("pk")).select_for_update())
        for record in standing:
            record.lifted_at, record.lifted_by = timezone.now(), request.user.get_username()
            record.save(update_fields=["lifted_at", "lifted_by"])
            self.log_change(request, record, "Lifted.")
        if standing:
            self.message_user(request, f"Lifted: {len(standing)}. These addresses may be mailed again.")
        else:
            self.message_user(request, "Nothing was lifted: what you chose was lifted before.", messages.WARNING)
