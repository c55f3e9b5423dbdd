"""What the plugin wrote."""

from __future__ import annotations

import pytest

from benchmarks.arm.counts import Counts, of_runs, parse
from facestyle.errors import UserError


class TestCounts:
    LOG = (
        "count 0 100 10 0 0\ncount 1 150 30 4 0\n"
        "another plugin's line\n"
        "count 2 160 30 4 0\ncount 3 165 30 4 0\n"
    )

    def test_pieces_of_work(self) -> None:
        pieces = parse(self.LOG)
        assert pieces == [Counts(50, 20, 4, 0), Counts(5, 0, 0, 0)]
        assert of_runs(pieces) == [Counts(45, 20, 4, 0)]
        assert pieces[0].total == 74
        assert sum(pieces[0].entry().values()) == 2 * 74

    @pytest.mark.parametrize(
        "log",
        [
            "",
            "count 0 1 1 1 1\n",
            "count 1 1 1 1 1\ncount 0 1 1 1 1\n",
            "count 0 1 1 1 1\ncount 1 1 1\n",
            "count 0 1 1 1 1\ncount one 1 1 1 1\n",
        ],
    )
    def test_broken_logs_are_refused(self, log: str) -> None:
        with pytest.raises(UserError, match="counting plugin wrote"):
            parse(log)
