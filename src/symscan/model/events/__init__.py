"""What happens in a session, as immutable events."""

from symscan.model.events.alerts import *  # noqa: F403
from symscan.model.events.alerts import __all__ as _alerts
from symscan.model.events.feed import *  # noqa: F403
from symscan.model.events.feed import __all__ as _feed
from symscan.model.events.session import *  # noqa: F403
from symscan.model.events.session import __all__ as _session
from symscan.model.events.trading import *  # noqa: F403
from symscan.model.events.trading import __all__ as _trading

__all__ = [*_session, *_feed, *_trading, *_alerts]
