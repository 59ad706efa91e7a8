"""The operator's own pages beside the lists: a page for each job, each behind the permission that it needs."""
