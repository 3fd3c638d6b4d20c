"""kill -9 under load: see `kill_minus_nine.py`."""

import pytest

import kill_minus_nine

pytestmark = pytest.mark.operation


def test_no_acknowledged_change_is_lost_undone_or_doubled(tmp_path):
    seen = kill_minus_nine.run(tmp_path / "server", operations=10_000, kills=50)
    assert seen["acknowledged"] >= 10_000
    assert seen["kills"] >= 40
    assert seen["broken"] > 0, "no kill ever hit a call"
