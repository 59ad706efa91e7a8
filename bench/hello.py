"""The least that Django can answer: one view that says hello, no middleware. What `bench.web` measures the site against."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(DEBUG=False, ALLOWED_HOSTS=["*"], ROOT_URLCONF="bench.hello", MIDDLEWARE=[], SECRET_KEY="not used")  # noqa: S106


def hello(request: HttpRequest) -> HttpResponse:
    """Hello."""
    return HttpResponse("Hello, world")


urlpatterns = [path("", hello)]
application = get_wsgi_application()
