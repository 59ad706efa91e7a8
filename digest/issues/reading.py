"""An issue as its reader sees it again: in the browser, in the archive, in the private feed. Nothing is written."""

from collections.abc import Sequence

from django.db.models import QuerySet

from digest.issues import whole
from digest.issues.loading import Letter, Letters, Texts
from digest.models import Delivery, Issue
from subscriptions import tokens


def of_token(token: str) -> Issue | None:
    """The issue behind a link of its message, unless the subscriber's links were revoked since or it holds no papers."""
    numbers = tokens.read(tokens.Scope.ISSUE, token)
    if numbers is None or len(numbers) != 2:
        return None
    issue_id, generation = numbers
    found = Issue.objects.filter(pk=issue_id, subscription__subscriber__token_generation=generation)
    return found.exclude(paper_ids=[]).select_related("subscription__subscriber").first()


def of_subscription(subscription_id: int) -> QuerySet[Issue]:
    """The issues of one digest that brought papers, the newest first."""
    return Issue.objects.filter(subscription_id=subscription_id).exclude(paper_ids=[]).order_by("-due_at", "-id")


def read(issues: Sequence[Issue]) -> list[tuple[Issue, Letter]]:
    """Issues with what they say, in their order."""
    # A letter is loaded by the delivery that would carry it; these are never saved.
    said = Letters([Delivery(pk=issue.pk, issue_id=issue.pk) for issue in issues], Texts())
    return [(issue, said[issue.pk]) for issue in issues if issue.pk in said]


def page(issue: Issue) -> str:
    """The issue's HTML as it was mailed, with the papers as they are known today."""
    ((_, letter),) = read([issue])
    return whole.render(letter.contents, text_only=False).html or ""


def subject(letter: Letter) -> str:
    """The subject it was mailed under."""
    return whole.subject(letter.contents)
