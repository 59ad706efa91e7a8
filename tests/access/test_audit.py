"""The audit log grows and never changes."""

import datetime as dt

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction

from digest.access import roles
from subscriptions import audit
from subscriptions.models import AuditEntry

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 16, 9, tzinfo=dt.UTC)


def test_a_line_cannot_be_changed_or_removed() -> None:
    line = audit.record(User.objects.create_user("operator"), "pause", "all sending", NOW, why="a wrong issue")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(pk=line.pk).update(actor_name="somebody else")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        line.delete()


def test_the_name_stays_when_the_account_goes() -> None:
    operator = User.objects.create_user("operator")
    line = audit.record(operator, "export", "subscribers", NOW, rows=12)
    operator.delete()
    line.refresh_from_db()
    assert (line.actor, line.actor_name, line.detail) == (None, "operator", {"rows": 12})


def test_three_roles_exist_and_each_permission_they_name() -> None:
    for role, codenames in roles.ROLES.items():
        granted = set(Group.objects.get(name=role).permissions.values_list("codename", flat=True))
        assert granted == codenames, role


def test_editors_see_nobody_and_operators_make_nobody() -> None:
    assert not {each for each in roles.EDITORS if "subscri" in each or "deliver" in each}
    assert not {each for each in roles.OPERATORS if each.endswith(("_user", "_group"))}
