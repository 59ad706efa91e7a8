"""The pages that a reader's own links and session open, and how to get there; the destructive ones last."""

import datetime as dt

from playwright.sync_api import Page

from digest import feedback, issues
from digest.models import Issue, Paper, Submission
from subscriptions import tokens
from subscriptions.models import Subscription
from tests.browser.screen import Screens
from tests.browser.world import World

screens = Screens()
_count = iter(range(1_000_000))


def reader(world: World) -> Subscription:
    """Someone with a digest on robots."""
    return world.person(f"grace{next(_count)}@example.org")


def served(world: World) -> tuple[Subscription, Issue]:
    """Someone whose first issue has been published."""
    subscription = reader(world)
    issues.publish([subscription.pk], dt.datetime.now(dt.UTC))
    return subscription, Issue.objects.filter(subscription=subscription).latest("id")


def sign_in(page: Page, world: World, subscription: Subscription, path: str = "/you/") -> None:
    """Open a session and go to one of its pages."""
    page.goto(world.url + world.link(subscription))
    page.get_by_role("button", name="Open my preferences").click()
    page.wait_for_url("**/you/")
    if path != "/you/":
        page.goto(world.url + path)


def vote_path(subscription: Subscription, paper_id: int, vote: str) -> str:
    """The link of a vote in a digest."""
    return tokens.feedback_path(tokens.message_token(subscription.pk, 0), paper_id, vote)


def a_paper() -> Paper:
    """One with authors, topics and an abstract."""
    found = Paper.objects.exclude(topics=None).exclude(abstract="").order_by("-upvotes", "id").first()
    assert found
    return found


@screens.add("subscribe")
def _subscribe(page: Page, world: World) -> None:
    page.goto(f"{world.url}/subscribe/")


@screens.add("subscribe-find")
def _subscribe_find(page: Page, world: World) -> None:
    page.goto(f"{world.url}/subscribe/")
    page.locator("summary").filter(has_text="Topics").click()
    page.get_by_label("Find a topic").fill("learning")
    page.wait_for_timeout(50)
    find = page.get_by_role("button", name="Find")
    if find.is_visible():
        find.click()


@screens.add("preview")
def _preview(page: Page, world: World) -> None:
    page.goto(f"{world.url}/subscribe/")
    page.get_by_label("What you work on").fill("Koopman operators for control, robot learning, diffusion models")
    page.get_by_role("button", name="Show me this week’s digest").click()
    page.locator(".would-be").wait_for()


@screens.add("preview-nothing")
def _preview_nothing(page: Page, world: World) -> None:
    page.goto(f"{world.url}/subscribe/")
    page.get_by_label("What you work on").fill("medieval falconry")
    page.get_by_role("button", name="Show me this week’s digest").click()
    page.get_by_text("matches that").wait_for()


for _vote in ("more", "less", "save", "mute"):

    @screens.add(f"feedback-{_vote}")
    def _feedback(page: Page, world: World, vote: str = _vote) -> None:
        page.goto(world.url + vote_path(reader(world), a_paper().pk, vote))


@screens.add("feedback-more-done")
def _feedback_done(page: Page, world: World) -> None:
    subscription = reader(world)
    for paper in Paper.objects.exclude(abstract="").exclude(pk=a_paper().pk).order_by("-upvotes")[:3]:
        feedback.cast(subscription.pk, paper.pk, "more", dt.datetime.now(dt.UTC))
    page.goto(world.url + vote_path(subscription, a_paper().pk, "more"))
    page.get_by_role("button", name="Show me more like this").click()


@screens.add("feedback-mute-done")
def _feedback_muted(page: Page, world: World) -> None:
    page.goto(world.url + vote_path(reader(world), a_paper().pk, "mute"))
    page.get_by_role("button", name="Never show it again").click()
    page.get_by_role("button", name="Never show ").first.click()


@screens.add("feedback-undone")
def _feedback_undone(page: Page, world: World) -> None:
    _feedback_done(page, world)
    page.get_by_role("button", name="Undo").click()


@screens.add("stop-interest")
def _stop_interest(page: Page, world: World) -> None:
    subscription = reader(world)
    interest = subscription.interests.order_by("id")[0]
    page.goto(world.url + tokens.stop_interest_path(tokens.message_token(subscription.pk, 0), interest.pk))


@screens.add("interest-stopped")
def _interest_stopped(page: Page, world: World) -> None:
    _stop_interest(page, world)
    page.get_by_role("button", name="Stop matching on it").click()


@screens.add("archive")
def _archive(page: Page, world: World) -> None:
    subscription, _ = served(world)
    sign_in(page, world, subscription, "/you/issues/")


@screens.add("archive-empty")
def _archive_empty(page: Page, world: World) -> None:
    sign_in(page, world, reader(world), "/you/issues/")


@screens.add("feeds")
def _feeds(page: Page, world: World) -> None:
    sign_in(page, world, reader(world), "/you/feeds/")


@screens.add("feeds-renewed")
def _feeds_renewed(page: Page, world: World) -> None:
    _feeds(page, world)
    page.get_by_role("button", name="Make a new address").click()


def _voted(world: World) -> Subscription:
    subscription = reader(world)
    for place, paper in enumerate(Paper.objects.order_by("-upvotes")[:4]):
        feedback.cast(subscription.pk, paper.pk, ("save", "more", "save", "mute")[place], dt.datetime.now(dt.UTC))
    return subscription


@screens.add("saved")
def _saved(page: Page, world: World) -> None:
    sign_in(page, world, _voted(world), "/you/saved/")


@screens.add("saved-empty")
def _saved_empty(page: Page, world: World) -> None:
    sign_in(page, world, reader(world), "/you/saved/")


@screens.add("votes")
def _votes(page: Page, world: World) -> None:
    sign_in(page, world, _voted(world), "/you/votes/")


@screens.add("votes-empty")
def _votes_empty(page: Page, world: World) -> None:
    sign_in(page, world, reader(world), "/you/votes/")


@screens.add("new-digest")
def _new_digest(page: Page, world: World) -> None:
    sign_in(page, world, reader(world), "/you/digests/new/")


@screens.add("digest-added")
def _digest_added(page: Page, world: World) -> None:
    _new_digest(page, world)
    page.get_by_label("Name", exact=True).fill("Mathematics, once a month")
    page.get_by_label("Key terms").fill("Koopman operators\nwavelets")
    page.get_by_label("Every month").check()
    page.get_by_role("button", name="Add this digest").click()


@screens.add("two-digests")
def _two_digests(page: Page, world: World) -> None:
    _digest_added(page, world)
    page.goto(f"{world.url}/you/")


@screens.add("upvote-signed-out", 401)
def _upvote_signed_out(page: Page, world: World) -> None:
    page.goto(f"{world.url}/you/upvotes/{a_paper().pk}/")


@screens.add("upvote")
def _upvote(page: Page, world: World) -> None:
    sign_in(page, world, reader(world), f"/you/upvotes/{a_paper().pk}/")


@screens.add("upvoted")
def _upvoted(page: Page, world: World) -> None:
    _upvote(page, world)
    page.get_by_role("button", name="Upvote").click()


@screens.add("submit")
def _submit(page: Page, world: World) -> None:
    sign_in(page, world, reader(world), "/submit/")


@screens.add("submit-error", 422)
def _submit_error(page: Page, world: World) -> None:
    _submit(page, world)
    page.get_by_label("arXiv id or link").fill("my new paper")
    page.get_by_role("button", name="Submit this paper").click()


@screens.add("submission-asked")
def _submission_asked(page: Page, world: World) -> None:
    _submit(page, world)
    page.get_by_label("arXiv id or link").fill("https://arxiv.org/abs/2603.01234")
    page.get_by_role("button", name="Submit this paper").click()


@screens.add("submission-waiting")
def _submission_waiting(page: Page, world: World) -> None:
    _submit(page, world)
    page.get_by_label("arXiv id or link").fill("https://papers.example.net/lifting")
    page.get_by_text("It is not at arXiv").click()
    page.get_by_label("Title").fill("Lifting nonlinear dynamics by Koopman operators")
    page.get_by_label("Authors").fill("Ada Lovelace\nEmmy Noether")
    page.get_by_role("button", name="Submit this paper").click()


@screens.add("submission-declined")
def _submission_declined(page: Page, world: World) -> None:
    _submission_waiting(page, world)
    Submission.objects.update(
        state="declined", reason="It is a blog post about a paper.", decided_at=dt.datetime.now(dt.UTC), decided_by="AK"
    )
    page.reload()


@screens.add("submissions")
def _submissions(page: Page, world: World) -> None:
    _submission_declined(page, world)
    page.goto(f"{world.url}/you/submissions/")


@screens.add("submission-known")
def _submission_known(page: Page, world: World) -> None:
    paper = a_paper()
    paper.identifiers.get_or_create(kind="arxiv", value="2603.09999")
    _submit(page, world)
    page.get_by_label("arXiv id or link").fill("arXiv:2603.09999v2")
    page.get_by_role("button", name="Submit this paper").click()
