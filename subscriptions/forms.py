"""Forms: what people type, checked, with errors that say how to mend it. Nothing here touches a person's rows."""

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings

from subscriptions import interests, mailboxes, tokens
from subscriptions.consent import SignUp
from subscriptions.interests import InterestRefused, Wishes
from subscriptions.mailboxes import AddressRefused
from subscriptions.models import Subscription, Topic
from subscriptions.preferences import Choices

QUICKEST = dt.timedelta(seconds=2)  # nobody reads and types in less; programs do
STALEST = dt.timedelta(days=2)
PAUSES = {"2": "two weeks", "4": "four weeks", "12": "three months"}
HOURS = [(hour, f"{hour:02d}:00") for hour in range(24)]
_PLACES = {"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
ZONES = [*sorted(zone for zone in available_timezones() if zone.partition("/")[0] in _PLACES), "UTC"]


def by_field(topics: Sequence[Topic]) -> list[tuple[str, list[Topic]]]:
    """Topics under the heading of their field."""
    ordered = sorted(topics, key=lambda topic: (topic.field, topic.name))
    return [(name, list(group)) for name, group in groupby(ordered, key=lambda topic: topic.field)]


class _AddressField(forms.CharField):
    """An address; every complaint is a sentence from `mailboxes`."""

    def __init__(self) -> None:
        super().__init__(required=False, strip=False)

    def to_python(self, value: Any) -> str:
        return str(value) if value else ""

    def run_validators(self, value: Any) -> None:
        """None of Django's: the sentence about invisible characters is ours."""

    def clean(self, value: Any) -> str:
        try:
            return mailboxes.parse(self.to_python(value)).address
        except AddressRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class _ItemsField(forms.CharField):
    """A box with one item for each line (or comma); cleans to a tuple."""

    def __init__(self, *, commas: bool = True) -> None:
        super().__init__(required=False, strip=False)
        self.commas = commas

    def run_validators(self, value: Any) -> None:
        """None of Django's: the sentence about invisible characters is ours."""

    def clean(self, value: Any) -> Any:
        try:
            return interests.items(str(value or ""), commas=self.commas)
        except InterestRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


def _choice(choices: Any, initial: str | int) -> forms.TypedChoiceField:
    """A choice that falls back to `initial` when the form leaves it out."""
    return forms.TypedChoiceField(
        choices=choices,
        coerce=int if isinstance(initial, int) else str,
        empty_value=initial,  # type: ignore[arg-type]  # the stubs know empty strings alone, Django takes any value
        required=False,
        initial=initial,
        error_messages={"invalid_choice": "Please choose one of those in the list."},
    )


class _TopicsMixin(forms.Form):
    """Topics as check boxes, in folds by field."""

    topics = forms.MultipleChoiceField(
        required=False,
        error_messages={"invalid_choice": "There is no topic “%(value)s” any more. Please choose from the list."},
    )
    cadence = _choice(Subscription.Cadence.choices, Subscription.Cadence.WEEKLY.value)
    weekday = _choice(Subscription.Weekday.choices, int(Subscription.Weekday.MONDAY.value))
    hour = _choice(HOURS, 7)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = list(Topic.objects.all())
        self.fields_of_topics = by_field(offered)
        topics = self.fields["topics"]
        if isinstance(topics, forms.MultipleChoiceField):
            topics.choices = [(topic.slug, topic.name) for topic in offered]

    def chosen_topics(self) -> set[str]:
        """The slugs that are checked: what was typed, or what stands."""
        return set(self["topics"].value() or ())


class SignUpForm(_TopicsMixin):
    """The box on the first page."""

    address = _AddressField()
    interests = _ItemsField()
    time_zone = _choice([(zone, zone) for zone in ZONES], settings.DEFAULT_TIME_ZONE)
    website = forms.CharField(required=False)  # hidden from people: whoever fills it in is a program
    opened = forms.CharField(required=False)

    def __init__(self, *args: Any, now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now

    @property
    def opened_token(self) -> str:
        """When the page was made, signed. A form that comes back with errors keeps the time it was first opened."""
        given = str(self.data.get("opened", "")) if self.is_bound else ""
        return given if self._age(given) is not None else tokens.sign(tokens.Scope.FORM, int(self.now.timestamp()))

    def _age(self, opened: str) -> dt.timedelta | None:
        numbers = tokens.read(tokens.Scope.FORM, opened)
        age = dt.timedelta(seconds=self.now.timestamp() - numbers[0]) if numbers else None
        return age if age is not None and dt.timedelta() <= age < STALEST else None

    def clean(self) -> None:
        age = self._age(str(self.cleaned_data.get("opened", "")))
        if age is None:
            raise forms.ValidationError("This page stood open for a long time. Please press the button once more.")
        if age < QUICKEST:
            raise forms.ValidationError("That was quick. Please press the button once more.")

    @property
    def when(self) -> str:
        """Day and hour as they stand in the form: `Monday, 07:00`."""
        days = {str(value): name for value, name in Subscription.Weekday.choices}
        hours = {str(value): name for value, name in HOURS}
        return f"{days.get(str(self['weekday'].value()), 'Monday')}, {hours.get(str(self['hour'].value()), '07:00')}"

    @property
    def by_a_program(self) -> bool:
        """Whether the field that people do not see was filled in."""
        return bool(self.data.get("website"))

    def signup(self, network: str) -> SignUp:
        """What the valid form asks for."""
        data = self.cleaned_data
        keywords, texts = interests.split(data["interests"])
        return SignUp(
            address=data["address"],
            time_zone=data["time_zone"],
            cadence=data["cadence"],
            weekday=data["weekday"],
            hour=data["hour"],
            topics=tuple(data["topics"]),
            keywords=keywords,
            texts=texts,
            network=network,
        )


class PreferencesForm(_TopicsMixin):
    """Everything about one digest that a forwarded message may show and change."""

    keywords = _ItemsField()
    authors = _ItemsField(commas=False)
    texts = _ItemsField(commas=False)
    never = _ItemsField()
    never_authors = _ItemsField(commas=False)
    size = forms.IntegerField(
        min_value=1,
        max_value=50,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), "Please write a number from 1 to 50."),
    )
    format = _choice(Subscription.Format.choices, Subscription.Format.HTML.value)

    @classmethod
    def of(cls, subscription: Subscription) -> "PreferencesForm":
        """The form as the digest stands."""
        wishes = interests.current(subscription)
        return cls(
            initial={
                "topics": list(wishes.topics),
                "keywords": "\n".join(wishes.keywords),
                "authors": "\n".join(wishes.authors),
                "texts": "\n".join(wishes.texts),
                "never": "\n".join(wishes.excluded_keywords),
                "never_authors": "\n".join(wishes.excluded_authors),
                "cadence": subscription.cadence,
                "weekday": subscription.weekday,
                "hour": subscription.hour,
                "size": subscription.size,
                "format": subscription.format,
            }
        )

    def choices(self, subscription: Subscription) -> Choices:
        """What the valid form asks for; topics never to be shown, which it does not offer, stay as they are."""
        data = self.cleaned_data
        excluded = interests.current(subscription).excluded_topics
        return Choices(
            wishes=Wishes(
                topics=tuple(data["topics"]),
                keywords=data["keywords"],
                authors=data["authors"],
                texts=data["texts"],
                excluded_topics=tuple(slug for slug in excluded if slug not in data["topics"]),
                excluded_keywords=data["never"],
                excluded_authors=data["never_authors"],
            ),
            cadence=data["cadence"],
            weekday=data["weekday"],
            hour=data["hour"],
            size=data["size"],
            format=data["format"],
        )


class AddressForm(forms.Form):
    """One address."""

    address = _AddressField()


class PersonForm(forms.Form):
    """Name and time zone."""

    name = forms.CharField(
        required=False, max_length=120, error_messages={"max_length": "A name may have 120 characters. Please shorten it."}
    )
    time_zone = forms.ChoiceField(error_messages={"invalid_choice": "Please choose a time zone from the list."})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = self.fields["time_zone"]
        if isinstance(zones, forms.ChoiceField):
            standing = self.initial.get("time_zone")
            offered = ZONES if standing in ZONES or not standing else [standing, *ZONES]
            zones.choices = [(zone, zone) for zone in offered]

    def clean_name(self) -> str:
        """The name; it may stand in a header of a message, so it is one visible line."""
        name = str(self.cleaned_data["name"])
        if interests.invisible(name):
            raise forms.ValidationError(
                "The name contains an invisible character. Please type it by hand instead of pasting it."
            )
        return name


class PauseForm(forms.Form):
    """How long to send nothing: some weeks, or until a date."""

    weeks = forms.ChoiceField(choices=list(PAUSES.items()), required=False)
    until = forms.DateField(required=False, error_messages={"invalid": "Please write the date as 2026-05-31."})

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean(self) -> None:
        until = self.cleaned_data.get("until")
        if until and not self.today < until <= self.today + dt.timedelta(days=366):
            self.add_error("until", "Please choose a date within the coming year.")
        elif not until and not self.cleaned_data.get("weeks") and not self.errors:
            self.add_error("until", "Please choose for how long.")

    def day(self) -> dt.date:
        """The first day on which an issue may come again."""
        until: dt.date | None = self.cleaned_data["until"]
        return until or self.today + dt.timedelta(weeks=int(self.cleaned_data["weeks"]))
