"""People with access to the admin, and the groups that give them permissions, in the admin's own dress."""

from typing import TYPE_CHECKING

from axes.models import AccessAttempt
from axes.utils import reset
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from subscriptions import audit, pages
from subscriptions.admin.base import ModelAdmin

if TYPE_CHECKING:
    from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
else:
    from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

admin.site.unregister(User)
admin.site.unregister(Group)
# A device shows nothing but its secret; an owner forgets it from the account instead.
admin.site.unregister(StaticDevice)
admin.site.unregister(TOTPDevice)


@admin.register(User)
class AccountAdmin(UserAdmin, ModelAdmin[User]):  # type: ignore[type-arg]  # it takes its parameter only in the stubs
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    actions = ("forget_devices", "lift_lock")
    # Unlike two lists beside each other, a plain list needs no script and fits a phone.
    filter_horizontal = ()

    @admin.action(description="Forget the second factor: a new device is set up at the next sign-in", permissions=["change"])
    def forget_devices(self, request: HttpRequest, accounts: QuerySet[User]) -> None:
        for account in accounts:
            TOTPDevice.objects.filter(user=account).delete()
            StaticDevice.objects.filter(user=account).delete()
            audit.record(request.user, "forgot the second factor", audit.name(account), timezone.now(), pages.network(request))
        self.message_user(request, f"The second factor of {len(accounts)} accounts is forgotten.")

    @admin.action(description="Lift the lock after wrong passwords", permissions=["change"])
    def lift_lock(self, request: HttpRequest, accounts: QuerySet[User]) -> None:
        lifted = 0
        for account in accounts:
            locked = AccessAttempt.objects.filter(username=account.get_username()).exists()
            reset(username=account.get_username())
            if locked:
                lifted += 1
                audit.record(request.user, "lifted a lock", audit.name(account), timezone.now(), pages.network(request))
        self.message_user(request, f"{lifted} locks were lifted.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Permissions name their content types."""
        return super().get_queryset(request).prefetch_related("user_permissions__content_type", "groups")


@admin.register(Group)
class RoleAdmin(GroupAdmin, ModelAdmin[Group]):
    filter_horizontal = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).prefetch_related("permissions__content_type")
