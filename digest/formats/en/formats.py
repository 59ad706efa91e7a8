"""English, with the day first and 24 hours: 16 Mar 2026, 07:00."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
