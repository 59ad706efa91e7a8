"""How much an upvote on the site counts, by the age of the account that gave it."""

FULL_AFTER_DAYS = 30.0
LEAST = 0.1


def voter_trust(days: float) -> float:
    """The worth of one upvote, in [LEAST, 1], from an account confirmed `days` before it votes.

    LEAST + (1 - LEAST) * days / FULL_AFTER_DAYS, at most 1. An address costs nothing and a month of waiting does, so a crowd
    made up today moves a paper by a tenth of its number.
    """
    return min(1.0, LEAST + (1.0 - LEAST) * max(days, 0.0) / FULL_AFTER_DAYS)


WORDS = (
    "One upvote for each confirmed subscriber and paper. It counts in full from an account that was confirmed 30 days before "
    "it votes, and for less from a newer one: a tenth on the first day, growing evenly. What the votes of this site weigh "
    "together is added to the upvotes that the sources report."
)
"""The same in words, for the page that shows the formula."""
