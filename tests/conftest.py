"""What holds for all tests: hypothesis judges what comes out, never how long it took."""

from hypothesis import settings

settings.register_profile("ztna-sim", deadline=None, print_blob=True)
settings.load_profile("ztna-sim")
