"""Papers that readers brought: an editor says yes, or no with a reason."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from digest import submissions, text
from digest.models import Submission
from digest.submissions import SubmissionRefused
from subscriptions.admin.base import OurAdmin, change_link
from subscriptions.admin.filters import days


class DecisionForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's forms take their parameter only in the stubs
    """Yes, or no and why."""

    decision = forms.ChoiceField(
        choices=[("", "Leave it waiting"), ("approve", "Approve: everyone sees it"), ("decline", "Decline")], required=False
    )
    why = forms.CharField(required=False, max_length=300, help_text="Its submitter reads it.")

    class Meta:
        model = Submission
        fields: ClassVar[list[str]] = []

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("decision") == "decline" and not data.get("why", "").strip():
            raise ValidationError({"why": "Please say why; its submitter reads it."})
        if data.get("decision") == "approve" and submissions.entry_of(self.instance) is None:
            raise ValidationError({"decision": "Nothing is known of it yet. Wait until arXiv has answered."})
        return data


@admin.register(Submission)
class SubmissionAdmin(OurAdmin[Submission]):
    form = DecisionForm
    list_display = ("__str__", "state", "value", "created_at", "decided_by")
    list_filter = ("state", days("created_at", "day", "created"))
    list_select_related = ("paper",)
    search_fields = ("title", "=value")
    search_help_text = "Words of the title, or a whole arXiv id, DOI or address."
    sortable_by = ("created_at",)
    actions = ("approve",)
    readonly_fields = (
        "state", "kind", "value", "title", "by", "abstract", "address", "created_at", "reason", "decided_at", "decided_by",
        "page",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Submission | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Submission | None = None) -> Any:
        """A decision stands: what was decided has nothing left to fill in."""
        decided = obj is not None and obj.state in {Submission.State.APPROVED, Submission.State.DECLINED}
        shown = [name for name in self.readonly_fields if name != "page" or decided]
        return shown if decided or not self.has_change_permission(request, obj) else ["decision", "why", *shown]

    def save_model(self, request: HttpRequest, obj: Submission, form: Any, change: bool) -> None:
        """Decide in the editor's name."""
        decision, editor = form.cleaned_data.get("decision", ""), request.user.get_username()
        try:
            if decision == "approve":
                submissions.approve(obj, editor, timezone.now())
            elif decision == "decline":
                submissions.decline(obj, editor, form.cleaned_data["why"], timezone.now())
        except SubmissionRefused as refused:
            self.message_user(request, str(refused), messages.ERROR)

    @admin.action(description="Approve: everyone sees them", permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        """Say yes to all that are ticked, and name those to which it cannot be said."""
        approved = 0
        for submission in queryset.order_by("id"):
            try:
                submissions.approve(submission, request.user.get_username(), timezone.now())
                approved += 1
            except SubmissionRefused as refused:
                self.message_user(request, f"{submission}: {refused}", messages.WARNING)
        self.message_user(request, f"{approved} approved.", messages.SUCCESS if approved else messages.INFO)

    @admin.display(description="authors")
    def by(self, submission: Submission) -> str:
        entry = submissions.entry_of(submission)
        return ", ".join(map(text.clean, entry.authors)) if entry else ""

    @admin.display(description="abstract")
    def abstract(self, submission: Submission) -> str:
        entry = submissions.entry_of(submission)
        return text.clean(entry.abstract) if entry else ""

    @admin.display(description="address")
    def address(self, submission: Submission) -> str:
        entry = submissions.entry_of(submission)
        if entry is None or not entry.url:
            return ""
        return format_html('<a href="{}" rel="noopener noreferrer">{}</a>', entry.url, entry.url)

    @admin.display(description="paper")
    def page(self, submission: Submission) -> str:
        return change_link(submission.paper, submission.paper) if submission.paper else ""
