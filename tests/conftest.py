"""Settings that all tests share."""

from hypothesis import HealthCheck, settings

# A loaded machine is slow now and then; a test fails on what is wrong, not on how long it took.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
