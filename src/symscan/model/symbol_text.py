"""How a symbol is written."""

from __future__ import annotations

import re
from typing import Final

SYMBOL_PATTERN: Final = re.compile(r"[^\s,;\"']+")
"""Without blanks, commas and quotes, which separate symbols in lists."""
