"""Celery tasks of a local run; its worker is started with `--include digest.local.tasks`."""

from celery import shared_task
from django.utils import timezone

from digest import issues, tasks


@shared_task
def send_now(subscription_ids: list[int]) -> dict[str, int]:
    """Publish the current issue of these subscriptions ahead of its hour; returns how many were published and skipped."""
    published = issues.publish(subscription_ids, timezone.now())
    tasks.deliver_waiting.delay()
    return {"published": published.published, "skipped": published.skipped}
