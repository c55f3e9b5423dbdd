"""What is known of this machine."""

from __future__ import annotations

from benchmarks.host.machine import Meter, conditions, device
from benchmarks.report import document


class TestMachine:
    def test_the_report_takes_it(self) -> None:
        row = {
            "name": "a",
            "runtime": {"name": "LiteRT"},
            "stages": {"inference": {"runs": 1, "seconds": 0.1}},
            "conditions": conditions(),
        }
        assert document.fault(document.document(device(), [row], command="", tools={})) is None

    def test_others_are_seen(self) -> None:
        before = Meter(everything=100.0, ours=40.0)
        assert Meter(everything=110.0, ours=47.0).others_since(before) == 3.0
        assert Meter(everything=104.0, ours=47.0).others_since(before) == 0.0

    def test_own_work_is_not_others(self) -> None:
        before = Meter.read()
        sum(range(3_000_000))
        after = Meter.read()
        assert after.ours > before.ours and after.everything >= before.everything
