"""Contract suites: what every plug-in and every port of a kind must keep to, as tests to derive from.

A suite is a class of tests with a fixture to be overridden::

    from symscan.testing.feeds import FeedCase, FeedContract

    class TestMyFeed(FeedContract):
        @pytest.fixture
        def case(self):
            return FeedCase(MyFeed(), bars=[...])
"""

from __future__ import annotations

from pkgutil import iter_modules

try:
    import pytest
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("symscan.testing needs pytest; install it: pip install pytest") from error

# So that a failing contract shows the values it compared.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))
