"""Addresses of the desk. They stand before the admin's own, and in its namespace, so that `admin:desk-jobs` leads to them."""

from django.urls import URLPattern, path

from digest.admin.desk import (
    charting,
    checking,
    coming,
    copying,
    jobs_page,
    missing,
    pausing,
    people_pages,
    previewing,
    sourcing,
    weighing,
)

desk: list[URLPattern] = [
    path("desk/sending/", pausing.sending, name="desk-sending"),
    path("desk/jobs/", jobs_page.listed, name="desk-jobs"),
    path("desk/jobs/<int:job_id>/", jobs_page.shown, name="desk-job"),
    path("desk/import/", people_pages.imported, name="desk-import"),
    path("desk/export/", people_pages.exported, name="desk-export"),
    path("desk/many/", people_pages.many, name="desk-many"),
    path("desk/preview/<int:subscription_id>/", previewing.preview, name="desk-preview"),
    path("desk/issues/<int:issue_id>/message/", previewing.message, name="desk-message"),
    path("desk/issues/<int:issue_id>/copy/", copying.send_to_me, name="desk-copy"),
    path("desk/charts/", charting.charts, name="desk-charts"),
    path("desk/missed/", missing.missed, name="desk-missed"),
    path("desk/missed/resend/", missing.resend, name="desk-resend"),
    path("desk/story/<int:subscriber_id>/", missing.story, name="desk-story"),
    path("desk/next/", coming.coming, name="desk-next"),
    path("desk/sources/", sourcing.sources, name="desk-sources"),
    path("desk/sources/try/", sourcing.try_source, name="desk-try-source"),
    path("desk/sources/<int:source_id>/poll/", sourcing.poll_now, name="desk-poll"),
    path("desk/sources/<int:source_id>/backfill/", sourcing.backfill, name="desk-backfill"),
    path("desk/deliveries/<int:delivery_id>/", previewing.decide, name="desk-decide"),
    path("desk/what-if/", weighing.what_if, name="desk-what-if"),
    path("desk/what-if/adopt/", weighing.adopt, name="desk-adopt"),
    path("desk/preflight/", checking.preflight, name="desk-preflight"),
]
