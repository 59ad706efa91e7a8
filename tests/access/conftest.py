from tests.admin.conftest import full

__all__ = ["full"]
