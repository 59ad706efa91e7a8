"""What happens here and concerns whoever sends: announced once the transaction is committed."""

from django.dispatch import Signal

erased = Signal()
"""Everything about a person is gone. `address`: where they were; `removed`: how many rows, by `app.Model`; `now`."""
