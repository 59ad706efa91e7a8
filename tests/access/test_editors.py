"""What an editor is refused: every page of the admin but those on papers, picks and submissions."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone

from digest.access import roles
from digest.models import Paper, Pick, Submission
from subscriptions import audit
from subscriptions.models import Subscriber
from tests.admin.conftest import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("full")]

# Everyone who may enter the admin has these: they show nothing of anybody's, or only what the permissions of each allow.
FOR_ALL_STAFF = {
    "index", "login", "logout", "jsi18n", "search", "password_change", "password_change_done", "autocomplete", "view_on_site",
    "app_list", "second-factor", "toggle_sidebar",
}  # fmt: skip
# What editors work on, by the model's name.
THEIRS = {"paper", "topic", "source", "pick", "submission"}


def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from walk(each.url_patterns)
        else:
            yield each


def address(found: URLPattern) -> str:
    """The address of a page, of a record that exists where it is a record's: Django leads away from those that do not."""
    numbers = dict.fromkeys(found.pattern.converters, 1)
    label, _, rest = (found.name or "").partition("_")
    if "object_id" in numbers and label in {"digest", "subscriptions", "auth"}:
        model = apps.get_model(label, rest.rpartition("_")[0])
        newest = model._default_manager.order_by("-pk").first()
        assert newest, f"There is no {model._meta.verbose_name} to be refused."
        numbers["object_id"] = newest.pk
    return reverse(f"admin:{found.name}", kwargs=numbers)


def operators_pages() -> list[str]:
    addresses = []
    for found in walk(admin.site.urls[0]):
        name = found.name or ""
        model = name.split("_")[1] if name.count("_") > 1 or name.endswith(("_add", "_change")) else ""
        if not name or name in FOR_ALL_STAFF or model in THEIRS:
            continue
        addresses.append(address(found))
    return addresses


@pytest.fixture
def editor() -> Client:
    user = User.objects.create_user("an-editor", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.EDITOR))
    return signed_in(user)


def test_an_editor_is_refused_every_page_of_the_operators(editor: Client) -> None:
    audit.record(None, "signed in", "", timezone.now())
    pages = operators_pages()
    assert len(pages) > 80
    wrong = {}
    for page in pages:
        for method in ("get", "post"):
            status = getattr(editor, method)(page).status_code
            if status not in {403, 405}:
                wrong[f"{method} {page}"] = status
    assert wrong == {}


def test_an_editor_neither_adds_nor_removes_papers_topics_sources_or_submissions(editor: Client) -> None:
    for model in ("paper", "topic", "source", "submission"):
        label = "subscriptions" if model == "topic" else "digest"
        key = {"paper": Paper.objects.order_by("id")[0].pk}.get(model, 1)
        for page in (
            reverse(f"admin:{label}_{model}_add"),
            reverse(f"admin:{label}_{model}_delete", args=[key]),
        ):
            assert editor.post(page).status_code in {403, 302}, page
    before = Paper.objects.count()
    editor.post(reverse("admin:digest_paper_delete", args=[Paper.objects.order_by("id")[0].pk]), {"post": "yes"})
    assert Paper.objects.count() == before


def test_an_editor_picks_a_paper_and_decides_on_what_readers_brought(editor: Client) -> None:
    paper = Paper.objects.order_by("-id")[0]
    assert editor.get(reverse("admin:digest_pick_add")).status_code == 200
    answer = editor.post(reverse("admin:digest_pick_add"), {"paper": paper.pk, "note": "Read it for the proof."})
    assert answer.status_code == 302, answer.content
    assert Pick.objects.get(paper=paper).editor is not None
    submission = Submission.objects.create(
        subscriber=Subscriber.objects.order_by("id")[0],
        created_at=timezone.now(),
        kind="url",
        value="https://papers.example.org/new",
        title="A new paper",
        state=Submission.State.WAITING,
    )
    page = editor.get(reverse("admin:digest_submission_change", args=[submission.pk]))
    assert page.status_code == 200
    assert 'name="decision"' in page.content.decode()
    editor.post(
        reverse("admin:digest_submission_change", args=[submission.pk]), {"decision": "decline", "why": "It is no paper."}
    )
    submission.refresh_from_db()
    assert (submission.state, submission.decided_by) == (Submission.State.DECLINED, "an-editor")
