"""Three roles, as groups of permissions. Pages ask for permissions and never for roles, so an owner may make others.

Editors choose and moderate papers; operators run the list; owners do both and manage people.
"""

from collections.abc import Iterable, Mapping

from django.contrib.auth.models import Group, Permission

EDITOR, OPERATOR, OWNER = "Editors", "Operators", "Owners"

_PAPERS = ("paper", "papertopic", "topic", "source", "appearance")
_WATCHED = (
    "subscriber", "subscription", "interest", "consent", "request", "notice", "suppression", "topic",
    "paper", "source", "poll", "sourceday", "pick", "submission",
    "issue", "delivery", "bounce", "feedback", "rankingconfiguration", "brake", "job", "auditentry",
)  # fmt: skip

EDITORS = frozenset(
    {
        *(f"view_{model}" for model in _PAPERS),
        "change_paper",
        *(f"{verb}_pick" for verb in ("view", "add", "change", "delete")),
        *(f"{verb}_submission" for verb in ("view", "change")),
    }
)
OPERATORS = frozenset(
    {
        *(f"view_{model}" for model in _WATCHED),
        "change_paper", "change_subscriber", "change_subscription", "add_suppression", "change_suppression",
        "add_topic", "change_topic", "delete_topic", "add_source", "change_source", "delete_source",
        *(f"{verb}_subscriber" for verb in ("import", "export", "erase", "preview")),
        "pause_sending", "decide_delivery", "adopt_rankingconfiguration",
    }
)  # fmt: skip
OWNERS = (
    EDITORS | OPERATORS | {f"{verb}_{model}" for verb in ("view", "add", "change", "delete") for model in ("user", "group")}
)

ROLES: Mapping[str, frozenset[str]] = {EDITOR: EDITORS, OPERATOR: OPERATORS, OWNER: OWNERS}


def ensure() -> None:
    """Make the three groups, and give them the permissions of this release; what an owner added besides stays."""
    for role, codenames in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.add(*_permissions(codenames))


def _permissions(codenames: Iterable[str]) -> list[Permission]:
    return list(
        Permission.objects.filter(codename__in=codenames, content_type__app_label__in=["digest", "subscriptions", "auth"])
    )
