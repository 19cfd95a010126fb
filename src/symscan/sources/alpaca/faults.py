"""What Alpaca refuses, in words that say what to do."""

from __future__ import annotations

import json
from typing import Final

from symscan.sources.alpaca.keys import KEY_ID, SECRET_KEY

_WHERE: Final = {
    "iex": "the free plan has feed iex",
    "sip": "the free plan has feed iex only, and sip bars older than 15 minutes",
}


def refusal(status: int | None, body: str, feed: str) -> str:
    """Why a REST request was refused, and what to do about it.

    Parameters
    ----------
    status
        The answer's HTTP status; None if it had none.
    body
        What the answer says.
    feed
        The feed that was asked for.
    """
    said = _said(body)
    if status == 401 or (status == 403 and "subscription" not in said.lower()):
        return f"Alpaca does not accept the keys ({status}: {said}); check {KEY_ID} and {SECRET_KEY}"
    if status in (402, 403):
        return f"the account may not read this data of feed {feed} ({status}: {said}); {_WHERE.get(feed, '')}"
    if status in (400, 404, 422):
        return f"Alpaca refuses the request ({status}: {said}); check the symbols and the dates"
    if status == 429:
        return (
            f"Alpaca counts too many requests ({said}), for minutes on end; wait, or ask for less at a time"
        )
    return f"Alpaca's server failed, again and again ({status}: {said}); try again later"


def _said(body: str) -> str:
    """The message in an answer: its ``message``, else its first words."""
    try:
        message = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        message = None
    return str(message or body.strip() or "no reason given")[:200]
