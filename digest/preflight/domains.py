"""Which domains belong together, as DMARC sees it."""

from collections.abc import Iterator

from digest.preflight.world import World

# The successor of RFC 7489 finds the organization by walking up the tree, so that nobody needs a list of public suffixes; a
# walk is cut to this many labels.
_MOST_LABELS = 7


def tags(record: str) -> dict[str, str]:
    """`k=v; k=v` of DKIM and DMARC records."""
    pairs = (tag.partition("=") for tag in record.split(";") if "=" in tag)
    return {name.strip().lower(): value.strip().replace(" ", "") for name, _, value in pairs}


def policy(world: World, domain: str) -> tuple[str, dict[str, str]]:
    """Where the DMARC record that applies to the domain stands, and its tags; ("", {}) when there is none.

    The domain's own record applies, else that of its organization.
    """
    own = _record(world, domain)
    if own:
        return domain, own
    above = organisation(world, domain)
    return (above, _record(world, above)) if above != domain else ("", {})


def organisation(world: World, domain: str) -> str:
    """The organizational domain: of the names from the domain up, the highest with a DMARC record.

    One that calls itself public (`psd=y`) belongs to nobody, and the name below it counts; `psd=n` ends the walk. Without any
    record the domain stands for itself.
    """
    found = domain
    below = domain
    for name in _upwards(domain):
        record = _record(world, name)
        if record.get("psd") == "y" and name != domain:
            return below
        if record:
            found = name
        if record.get("psd") == "n":
            return name
        below = name
    return found


def related(world: World, one: str, other: str, *, strict: bool = False) -> bool:
    """Whether the two are aligned: by organization, DMARC's relaxed way, or only when they are the same."""
    return one == other or (not strict and organisation(world, one) == organisation(world, other))


def _record(world: World, domain: str) -> dict[str, str]:
    """The tags of the one DMARC record at a name; two count as none."""
    texts = [text for text in world.txt(f"_dmarc.{domain}") if text.lower().replace(" ", "").startswith("v=dmarc1")]
    return tags(texts[0]) if len(texts) == 1 else {}


def _upwards(domain: str) -> Iterator[str]:
    labels = domain.lower().rstrip(".").split(".")
    yield domain
    first = max(1, len(labels) - _MOST_LABELS)
    # A top-level domain alone is asked too: some say `psd=y` there.
    for start in range(first, len(labels)):
        yield ".".join(labels[start:])
