"""Import what a command needs without a search for cycles in between."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_MANY_MODULES: Final = 100


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import without collections of cycles, and leave what was imported out of all later ones.

    Modules stay until the process ends; to search their objects took a tenth of all imports.
    """
    known, is_enabled = len(sys.modules), gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) - known > _MANY_MODULES:  # not where a command is called again
            gc.freeze()
        if is_enabled:
            gc.enable()
