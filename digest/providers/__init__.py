"""Handing messages to a provider's interface (django-anymail) instead of an SMTP relay, by the same ledger.

    claim -> compose -> commit `sending` -> one request for each -> accepted | deferred | uncertain | failed

`DELIVERY_BACKEND=anymail` chooses it, `ANYMAIL_ESP` names the provider. A request is made only after the commit that says so,
and what nobody answered is uncertain: its event settles it (see `bounces.events`).
"""

from digest.providers.sending import deliver

__all__ = ["deliver"]
