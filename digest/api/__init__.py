"""The read-only JSON interface under /api/v1/: what the public pages show, for programs.

Answers are made for everyone and validated by ETag (see `digest.cached`), lists go on from cursors, and every error is a JSON
object whose `error` says what is wrong and how to mend it. The OpenAPI document is made from the same code.
"""

from digest.api.routes import page, urls

__all__ = ["page", "urls"]
