"""manage.py learn: learn from the stored papers how rare words are, and put that in force."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from digest import corpus


class Command(BaseCommand):
    help = "Learn from the stored papers how rare words and phrases are; the next issues are ranked by it."

    def handle(self, *_: object, **__: object) -> None:
        model = corpus.learn(timezone.now())
        self.stdout.write(f"Papers read: {model.documents}. Version {model.version} is in force.")
