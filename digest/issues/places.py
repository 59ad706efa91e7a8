"""Addresses of our own pages; every one begins with SITE_URL, whatever a request said."""

import functools

from django.conf import settings
from django.urls import reverse

from subscriptions import tokens


@functools.cache
def _page_parts() -> tuple[str, str]:
    before, _, after = reverse("paper", args=[0]).rpartition("0")
    return before, after


def page_url(paper_id: int) -> str:
    """A paper's page here."""
    before, after = _page_parts()
    return f"{settings.SITE_URL}{before}{paper_id}{after}"


def absolute(path: str) -> str:
    """A path of the site as an absolute address."""
    return settings.SITE_URL + path


def _around(path: str, token: str) -> tuple[str, str]:
    before, _, after = path.partition(token)
    return before, after


@functools.cache
def _unsubscribe_parts() -> tuple[str, str]:
    return _around(tokens.unsubscribe_path(0), tokens.sign(tokens.Scope.UNSUBSCRIBE, 0))


@functools.cache
def _preferences_parts() -> tuple[str, str]:
    return _around(tokens.preferences_path(0, 0), tokens.message_token(0, 0))


@functools.cache
def _issue_parts() -> tuple[str, str]:
    return _around(tokens.issue_path(0, 0), tokens.sign(tokens.Scope.ISSUE, 0, 0))


def unsubscribe_url(token: str) -> str:
    """Where the subscription of this token ends."""
    before, after = _unsubscribe_parts()
    return f"{settings.SITE_URL}{before}{token}{after}"


def preferences_url(token: str) -> str:
    """The preferences of the subscription that this message token names."""
    before, after = _preferences_parts()
    return f"{settings.SITE_URL}{before}{token}{after}"


def issue_url(token: str) -> str:
    """The issue of this token in the browser."""
    before, after = _issue_parts()
    return f"{settings.SITE_URL}{before}{token}{after}"


@functools.cache
def _vote_parts(vote: str) -> tuple[str, str, str]:
    before, after = _around(tokens.feedback_path("token", 0, vote), "token")
    between, _, end = after.partition("0")
    return before, between, end


def vote_url(token: str, paper_id: object, vote: str) -> str:
    """Where the reader of this message token votes on a paper: on its id, or on what will stand for it."""
    before, between, end = _vote_parts(vote)
    return f"{settings.SITE_URL}{before}{token}{between}{paper_id}{end}"


def stop_url(token: str, interest: object) -> str:
    """Where the reader of this message token stops the matching on one interest: on its id, or on what will stand for it."""
    before, _, after = tokens.stop_interest_path(token, 0).rpartition("0")
    return f"{settings.SITE_URL}{before}{interest}{after}"
