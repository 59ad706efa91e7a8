"""The operator's view: papers and their sources, issues, the delivery ledger, and the dashboard."""

from digest.admin import issues, ledger, papers, people, sources, submissions, users

__all__ = ["issues", "ledger", "papers", "people", "sources", "submissions", "users"]
