"""Forms: what people type, checked, with errors that say how to mend it. Nothing here touches a person's rows."""

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.functional import cached_property

from subscriptions import interests, mailboxes, schedule, tokens
from subscriptions.consent import SignUp
from subscriptions.interests import InterestRefused, Wishes
from subscriptions.mailboxes import AddressRefused
from subscriptions.models import Subscription, Topic
from subscriptions.preferences import Choices

QUICKEST = dt.timedelta(seconds=2)  # nobody reads and types in less; programs do
STALEST = dt.timedelta(days=2)
DEFAULT_SIZE = 12
_SMALL = frozenset({"", "a", "an", "and", "as", "for", "from", "in", "of", "on", "or", "the", "their", "to", "what", "with"})
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


class _LineField(forms.CharField):
    """One visible line, or nothing."""

    def __init__(self, what: str, longest: int) -> None:
        super().__init__(
            required=False,
            max_length=longest,
            error_messages={"max_length": f"{what} may have {longest} characters. Please shorten it."},
        )
        self.what = what

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if interests.invisible(text):
            raise forms.ValidationError(
                f"{self.what} contains an invisible character. Please type it by hand instead of pasting it."
            )
        return text


class _ChoiceField(forms.Field):
    """One of a list, each value told by how it is written; the initial one where the form leaves it out.

    Django's own copies its choices for every form that is made; with the list of time zones that was half of a sign-up's work.
    """

    def __init__(self, choices: Sequence[tuple[Any, str]], initial: str | int) -> None:
        super().__init__(required=False, initial=initial)
        self.choices = choices
        self._values = {str(value): value for value, _ in choices}

    def clean(self, value: Any) -> Any:
        if value in self.empty_values:
            return self.initial
        if str(value) not in self._values:
            raise forms.ValidationError("Please choose one of those in the list.", "invalid_choice")
        return self._values[str(value)]


class _TopicsField(forms.Field):
    """Slugs of topics; cleaning asks for those alone."""

    widget = forms.SelectMultiple

    def __init__(self) -> None:
        super().__init__(required=False)

    def clean(self, value: Any) -> list[str]:
        chosen = list(dict.fromkeys(map(str, value or ())))
        asked = [slug for slug in chosen if slug.isprintable()]
        known = set(Topic.objects.filter(slug__in=asked).values_list("slug", flat=True)) if asked else set()
        for slug in chosen:
            if slug not in known:
                raise forms.ValidationError(
                    f"There is no topic “{slug}” any more. Please choose from the list.", "invalid_choice"
                )
        return chosen


def _count(low: int, high: int, complaint: str, *, required: bool) -> forms.IntegerField:
    """A whole number, with one sentence for whatever is wrong with it."""
    return forms.IntegerField(
        min_value=low,
        max_value=high,
        required=required,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), complaint),
    )


class _DigestForm(forms.Form):
    """What every form about a digest asks: subjects, schedule, length and form."""

    topics = _TopicsField()
    find = forms.CharField(required=False, max_length=80)
    authors = _ItemsField(commas=False)
    never = _ItemsField()
    cadence = _ChoiceField(Subscription.Cadence.choices, Subscription.Cadence.WEEKLY.value)
    weekday = _ChoiceField(Subscription.Weekday.choices, int(Subscription.Weekday.MONDAY.value))
    hour = _ChoiceField(HOURS, 7)
    size = _count(1, 50, "Please write a number from 1 to 50.", required=False)
    minutes = _count(2, 120, "Please write a number from 2 to 120, or leave it empty.", required=False)
    format = _ChoiceField(Subscription.Format.choices, Subscription.Format.HTML.value)

    @cached_property
    def _offered(self) -> list[Topic]:
        """Every topic; asked for when the form is shown, not when it is taken."""
        return list(Topic.objects.all())

    @property
    def looked_for(self) -> str:
        """The words by which the topics are narrowed down."""
        return " ".join(str(self["find"].value() or "").split())[:80]

    @property
    def found(self) -> list[Topic]:
        """The topics that have all words looked for in their name, field, description or key terms; all without any."""
        words = _folded(self.looked_for).split()
        return [topic for topic in self._offered if all(word in topic_words(topic) for word in words)]

    @property
    def fields_of_topics(self) -> list[tuple[str, list[Topic]]]:
        """What was found, under the headings of its fields."""
        return by_field(self.found)

    @property
    def chosen_elsewhere(self) -> list[Topic]:
        """Topics that are ticked and not among those found: they stay ticked, and in sight."""
        chosen, found = self.chosen_topics(), {topic.slug for topic in self.found}
        return [topic for topic in self._offered if topic.slug in chosen and topic.slug not in found]

    def chosen_topics(self) -> set[str]:
        """The slugs that are checked: what was typed, or what stands; of topics that are offered."""
        return set(self["topics"].value() or ()) & {topic.slug for topic in self._offered}

    @property
    def when(self) -> str:
        """Day and hour as they stand in the form: `Monday, 07:00`."""
        days = {str(value): name for value, name in Subscription.Weekday.choices}
        hours = {str(value): name for value, name in HOURS}
        return f"{days.get(self.stands('weekday'), 'Monday')}, {hours.get(self.stands('hour'), '07:00')}"

    def stands(self, name: str) -> str:
        """What a choice is: as it was made, or as it comes where the form leaves it out."""
        made = self[name].value()
        return str(self.fields[name].initial if made in {None, ""} else made)

    def open_with(self, *names: str) -> bool:
        """Whether a fold over these fields should stand open: something in it is wrong, or is not as it comes."""
        return any(
            self[name].errors or str(self[name].value() or "") not in {"", str(self.fields[name].initial or "")}
            for name in names
        )


def topic_words(topic: Topic) -> str:
    """What a topic can be found by: the words of its name, field, description and key terms, folded, each once."""
    said = _folded(" ".join([topic.name, topic.field, topic.description, *topic.key_terms]))
    return " ".join(dict.fromkeys(word for word in re.split(r"[^\w-]+", said) if word not in _SMALL))


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def open_for(opened: str, now: dt.datetime) -> dt.timedelta | None:
    """How long ago the page of the form was made, by its token; None for no token of ours and for one that is too old."""
    numbers = tokens.read(tokens.Scope.FORM, opened)
    age = dt.timedelta(seconds=now.timestamp() - numbers[0]) if numbers else None
    return age if age is not None and dt.timedelta() <= age < STALEST else None


class SignUpForm(_DigestForm):
    """The box on the first page, and the page of its own that asks for more."""

    address = _AddressField()
    interests = _ItemsField()
    time_zone = _ChoiceField([(zone, zone) for zone in ZONES], settings.DEFAULT_TIME_ZONE)
    website = forms.CharField(required=False)  # hidden from people: whoever fills it in is a program
    opened = forms.CharField(required=False)

    def __init__(self, *args: Any, now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now

    @property
    def opened_token(self) -> str:
        """When the page was made, signed. A form that comes back with errors keeps the time it was first opened."""
        given = str(self.data.get("opened", "")) if self.is_bound else ""
        return given if open_for(given, self.now) is not None else tokens.sign(tokens.Scope.FORM, int(self.now.timestamp()))

    def clean(self) -> None:
        age = open_for(str(self.cleaned_data.get("opened", "")), self.now)
        if age is None:
            raise forms.ValidationError("This page stood open for a long time. Please press the button once more.")
        if age < QUICKEST:
            raise forms.ValidationError("That was quick. Please press the button once more.")

    @property
    def first(self) -> dt.datetime | None:
        """When the first digest would come by what stands in the form; None when that makes no schedule."""
        try:
            return schedule.next_issue_at(
                self.stands("cadence"),
                int(self.stands("weekday")),
                int(self.stands("hour")),
                self.stands("time_zone"),
                self.now,
            )
        except ValueError:
            return None

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
            authors=data["authors"],
            texts=texts,
            excluded_keywords=data["never"],
            size=data["size"] or DEFAULT_SIZE,
            minutes=data["minutes"],
            format=data["format"],
            network=network,
        )


class LookForm(SignUpForm):
    """The same form, looked at before anything is asked for: no address is needed, and no time has to have passed."""

    address = forms.CharField(required=False)  # type: ignore[assignment]  # typed or not, it is only handed back

    def clean(self) -> None:
        """A preview changes nothing, so nobody has to prove anything."""


class PreferencesForm(_DigestForm):
    """Everything about one digest that a forwarded message may show and change."""

    name = _LineField("The name of a digest", 80)
    keywords = _ItemsField()
    texts = _ItemsField(commas=False)
    never_authors = _ItemsField(commas=False)
    shown_again = forms.MultipleChoiceField(required=False)
    size = _count(1, 50, "Please write a number from 1 to 50.", required=True)

    def __init__(self, *args: Any, subscription: Subscription | None = None, **kwargs: Any) -> None:
        if subscription is not None:
            kwargs.setdefault("initial", _standing(subscription))
        super().__init__(*args, **kwargs)
        hidden = interests.current(subscription).excluded_topics if subscription is not None else ()
        self.hidden_topics = [topic for topic in self._offered if topic.slug in hidden]
        shown_again = self.fields["shown_again"]
        if isinstance(shown_again, forms.MultipleChoiceField):
            shown_again.choices = [(topic.slug, topic.name) for topic in self.hidden_topics]

    def choices(self) -> Choices:
        """What the valid form asks for; topics never to be shown stay so, unless they are wanted or to be shown again."""
        data = self.cleaned_data
        back = {*data["topics"], *data["shown_again"]}
        return Choices(
            wishes=Wishes(
                topics=tuple(data["topics"]),
                keywords=data["keywords"],
                authors=data["authors"],
                texts=data["texts"],
                excluded_topics=tuple(topic.slug for topic in self.hidden_topics if topic.slug not in back),
                excluded_keywords=data["never"],
                excluded_authors=data["never_authors"],
            ),
            cadence=data["cadence"],
            weekday=data["weekday"],
            hour=data["hour"],
            size=data["size"],
            minutes=data["minutes"],
            format=data["format"],
        )


def _standing(subscription: Subscription) -> dict[str, object]:
    """A digest's preferences as the form has them."""
    wishes = interests.current(subscription)
    return {
        "name": subscription.name,
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
        "minutes": subscription.minutes,
        "format": subscription.format,
    }


class AddressForm(forms.Form):
    """One address."""

    address = _AddressField()


class PersonForm(forms.Form):
    """Name and time zone."""

    name = _LineField("A name", 120)  # it may stand in a header of a message, so it is one visible line
    time_zone = forms.ChoiceField(error_messages={"invalid_choice": "Please choose a time zone from the list."})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = self.fields["time_zone"]
        if isinstance(zones, forms.ChoiceField):
            standing = self.initial.get("time_zone")
            offered = ZONES if standing in ZONES or not standing else [standing, *ZONES]
            zones.choices = [(zone, zone) for zone in offered]


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
