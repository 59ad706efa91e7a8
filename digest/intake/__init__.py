"""Whatever comes back by mail or from a provider, by any way: one door for all of it.

    pipe | Maildir | LMTP | IMAP | a provider's inbound webhook -> take -> bounces.record | replies.answer
                              a provider's event webhook -> bounces.take

A way in may say that a message is taken only after `take` has returned, for then it is committed; taking it again changes
nothing.
"""

from digest.intake.taking import Taken, take, welcome

__all__ = ["Taken", "take", "welcome"]
