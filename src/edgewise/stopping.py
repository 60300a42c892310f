"""Ctrl-C, or a launcher's SIGTERM: one line, status 130 and no traceback, at whatever moment.

While modules are imported an interrupt gets lost in some library's `except`, or comes out of it as another
error. Nothing has begun by then, so that the process can just end. Afterwards it is a KeyboardInterrupt, as
everywhere.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from edgewise import launched

STATUS = 130
NOTHING_KEPT = "edgewise: stopped. Nothing of this is kept: the same command begins where this one did."
LINE_AND_CURSOR = "\r\x1b[2K\x1b[?25h"
"""What gives a terminal an empty line and its cursor back, should something move there."""


def stop_at_once() -> None:
    """From now on."""
    _on_interrupt(_end)


def stop_in_order() -> None:
    """From now on: what is at work may keep what it has done."""
    _on_interrupt(_interrupt)


def stop_no_more() -> None:
    """All is done."""
    _on_interrupt(signal.SIG_IGN)


def _on_interrupt(handler: Any) -> None:
    # What a shell runs in its background is deaf, and stays so. Only the main thread may choose.
    for each, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        ours = signal.getsignal(each) in (_end, _interrupt, _nothing, default)
        if ours and threading.current_thread() is threading.main_thread():
            signal.signal(each, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    # A launcher sends its signal to what is ending already, too, and srun and torchrun both send one.
    signal.signal(signal.SIGTERM, _nothing)
    if launched.count() > 1:
        signal.signal(signal.SIGINT, _nothing)
    signal.default_int_handler(number, frame)


def _nothing(*_: object) -> None:
    pass


def _end(*_: object) -> None:
    clear = LINE_AND_CURSOR if sys.stderr.isatty() else ""
    os.write(sys.stderr.fileno(), f"{clear}{NOTHING_KEPT}\n".encode())
    os._exit(STATUS)
