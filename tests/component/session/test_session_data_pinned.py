"""Session data that is read in a thread."""

from __future__ import annotations

import threading

from support.busy_session import Busy, looks


def test_it_is_read_in_a_thread_while_the_session_moves_on() -> None:
    busy = Busy()
    busy.play(30)
    pinned, expected = busy.data.pinned(), looks(busy.data)
    is_over, wrong, read = threading.Event(), [], []

    def read_on() -> None:
        while not is_over.is_set() or not read:
            read.append(1)
            for copy in (pinned, pinned.pinned()):
                if looks(copy) != expected:
                    wrong.append(1)

    reader = threading.Thread(target=read_on)
    reader.start()
    for _ in range(15):
        busy.play(3)
        busy.upset()
    is_over.set()
    reader.join(60)
    assert (wrong, bool(read), reader.is_alive()) == ([], True, False)
