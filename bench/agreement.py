"""Whether the sides of a measurement say the same of how many messages went out: a run that lost any measures nothing."""


class Disagreement(SystemExit):
    """Acknowledgements, ledger and sink do not say the same. Exit status 1, the words on standard error."""


def agree(way: str, messages: int, acknowledged: int, recorded: int, took: int, recipients: int | None = None) -> None:
    """Raise Disagreement unless all counts are `messages`.

    `acknowledged` by the server's replies, `recorded` in the ledger, `took` by the sink; `recipients` are the distinct
    ones that the sink saw, None where it does not look.
    """
    if not acknowledged == recorded == took == messages:
        raise Disagreement(f"{way}: {acknowledged} acknowledged, {recorded} in the ledger, {took} in the sink, of {messages}")
    if recipients is not None and recipients != messages:
        raise Disagreement(f"{way}: {messages} messages went to {recipients} recipients")
