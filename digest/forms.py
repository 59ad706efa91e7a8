"""Forms about papers."""

from typing import Any

from django import forms

from subscriptions import interests
from subscriptions.interests import InterestRefused


class SubmissionForm(forms.Form):
    """A paper that someone brings: where it is, and, when it is not at arXiv, what it is called."""

    paper = forms.CharField(
        max_length=1000,
        error_messages={
            "required": "Please give an arXiv id or an address, for example 2603.01234.",
            "max_length": "An address may have 1000 characters.",
        },
    )
    title = forms.CharField(required=False, max_length=300, error_messages={"max_length": "A title may have 300 characters."})
    authors = forms.CharField(required=False, max_length=4000)

    def clean_title(self) -> str:
        """One visible line."""
        return _visible(self.cleaned_data["title"])

    def clean_authors(self) -> tuple[str, ...]:
        """One name a line."""
        try:
            return interests.items(self.cleaned_data["authors"], commas=False)
        except InterestRefused as refused:
            raise forms.ValidationError(str(refused)) from refused


def _visible(text: Any) -> str:
    if interests.invisible(str(text)):
        raise forms.ValidationError("It contains an invisible character. Please type it by hand instead of pasting it.")
    return str(text)
