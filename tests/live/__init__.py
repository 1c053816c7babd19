"""Tests of the live engine, in this process: locust is imported without its patches, which other suites cannot bear.

What the patches change is tested in tests/e2e, where the command line is a process of its own.
"""

import os

os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"

import sim.live  # noqa: F401  # the one import that would patch

del os.environ["LOCUST_SKIP_MONKEY_PATCH"]
