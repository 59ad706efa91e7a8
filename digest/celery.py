"""The Celery application: `celery -A digest worker` and `celery -A digest beat`."""

import os

from celery import Celery

from digest import queues
from digest.observability import workers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")

app = Celery("digest")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

__all__ = ["app", "queues", "workers"]
