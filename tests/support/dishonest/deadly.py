"""Ends its process."""

import os
import signal

from common import OverMembers


class Scanner(OverMembers):
    def picks(self, context):  # noqa: ARG002 - a hook
        os.kill(os.getpid(), signal.SIGKILL)
        return []
