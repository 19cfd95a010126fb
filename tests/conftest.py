"""What holds for every test."""

import compileall
import gc
import signal
from importlib.util import find_spec

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is.
settings.register_profile("symscan", deadline=None)
settings.load_profile("symscan")

# Processes inherit what is ignored: commands started by a test must end by these signals wherever tests run.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Compile symscan once, before the first of the many processes that tests start would do it."""
    package = find_spec("symscan")
    if package is not None and package.submodule_search_locations and not hasattr(config, "workerinput"):
        compileall.compile_dir(package.submodule_search_locations[0], quiet=2)


def pytest_collection_finish() -> None:
    """Keep what was collected out of the collections of cycles to come: none of it ever goes away."""
    gc.collect()
    gc.freeze()
