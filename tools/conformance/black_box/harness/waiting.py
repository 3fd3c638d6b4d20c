"""Waiting for something that a process does by itself: bounded, and told what for."""

import time

PATIENCE_SECONDS = 20


def until(holds, what, seconds=PATIENCE_SECONDS):
    """Returns once `holds()`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError(f"not after {seconds} s: {what}")
