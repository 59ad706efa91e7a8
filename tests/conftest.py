"""What holds for every test."""

from hypothesis import HealthCheck, settings

# A test says what is true, not how fast this machine is.
settings.register_profile("facts", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("facts")
