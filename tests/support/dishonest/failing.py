"""Fails without any change."""

from common import OverMembers


class Scanner(OverMembers):
    def picks(self, context):  # noqa: ARG002 - a hook
        return {}["nothing"]
