"""Every page of the admin, walked by the registry."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from digest.models import Bounce, Delivery, Feedback, Issue, Paper, Poll, RankingConfiguration, SourceDay
from subscriptions.models import Consent, Notice, Request, Subscriber

pytestmark = pytest.mark.usefixtures("full")
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
HISTORY = [Consent, Request, Notice, Issue, Delivery, Poll, SourceDay, Bounce, Feedback, RankingConfiguration]


def page(model: type[models.Model], verb: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{verb}", args=args)


def name(model: type[models.Model]) -> str:
    return model.__name__


@pytest.mark.parametrize("model", MODELS, ids=name)
def test_staff_with_view_permissions_open_every_list_and_record(model: type[models.Model], viewer: Client) -> None:
    assert viewer.get(page(model, "changelist")).status_code == 200
    for record in model._default_manager.order_by("-pk")[:3]:
        assert viewer.get(page(model, "change", record.pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=name)
def test_staff_without_permissions_open_nothing(model: type[models.Model], db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    assert client.get(page(model, "changelist")).status_code == 403


@pytest.mark.parametrize("model", MODELS, ids=name)
def test_every_list_is_searched_and_filtered_without_an_error(model: type[models.Model], viewer: Client) -> None:
    for words in ("koopman", "reader1@example.org", "<issue-1-1@papers.example.org>", "@", "%", '"', "\\"):
        assert viewer.get(page(model, "changelist"), {"q": words}).status_code == 200
    response = viewer.get(page(model, "changelist"))
    for spec in response.context["cl"].filter_specs:
        for choice in list(spec.choices(response.context["cl"]))[:4]:
            assert viewer.get(page(model, "changelist") + choice["query_string"]).status_code == 200


@pytest.mark.parametrize("model", HISTORY, ids=name)
def test_history_refuses_to_be_added_changed_or_removed(model: type[models.Model], operator: Client) -> None:
    record = model._default_manager.earliest("pk")
    before = model._default_manager.filter(pk=record.pk).values().get()
    assert operator.post(page(model, "add"), {}).status_code == 403
    assert operator.post(page(model, "change", record.pk), {}).status_code == 403
    assert operator.post(page(model, "delete", record.pk), {"post": "yes"}).status_code == 403
    operator.post(page(model, "changelist"), {"action": "delete_selected", "_selected_action": record.pk, "post": "yes"})
    assert model._default_manager.filter(pk=record.pk).values().get() == before


def queries(client: Client, path: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return [query["sql"] for query in captured]


@pytest.mark.parametrize("model", MODELS, ids=name)
def test_the_number_of_queries_does_not_grow_with_the_rows(
    model: type[models.Model], viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = admin.site._registry[model]
    record = model._default_manager.order_by("-pk").first()
    assert record is not None
    paths = [page(model, "changelist"), page(model, "change", record.pk)]
    many = [queries(viewer, path) for path in paths]
    monkeypatch.setattr(register, "list_per_page", 1)
    for inline in register.inlines:
        monkeypatch.setattr(inline, "per_page", 1)
    for path, before in zip(paths, many, strict=True):
        assert len(before) < 25
        assert len(before) - len(queries(viewer, path)) <= 1, path


def test_nobody_sees_a_count_over_a_whole_table(viewer: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        viewer.get(page(Delivery, "changelist"))
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert counts
    assert all("LIMIT 10001" in sql for sql in counts)


def test_the_sidebar_names_only_what_a_user_may_view(db: None) -> None:
    client = Client()
    user = User.objects.create_user("editor-in-chief", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_paper"))
    client.force_login(user)
    body = client.get(reverse("admin:index")).content.decode()
    assert page(Paper, "changelist") in body
    assert page(Subscriber, "changelist") not in body
    assert "may not view any of the figures" in body
