"""For all tests: what the code does is judged, not how fast this machine is or what its network is like."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("any machine", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

os.environ.setdefault("RES_OPTIONS", "timeout:1 attempts:1")  # a name server that is silent would take 10 s for a name
