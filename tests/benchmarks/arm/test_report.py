"""The report, and its counts beside latency."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from benchmarks.arm import document, report
from benchmarks.arm.counts import Counts
from facestyle.errors import UserError
from tests.conftest import Outcome, assert_refused
from tests.support import made_models, made_report

Command = Callable[..., Outcome]


def made_row(**changes: Any) -> dict[str, Any]:
    """A row of a report that passed."""
    counts = Counts(40, 60, 7, 0)
    return {
        "name": "mobile 64x96 <fp32>",
        "file": {"name": "a.tflite", "sha256": "a" * 64, "bytes": 5},
        "graph": "stylizer",
        "precision": "fp32",
        "half_precision": False,
        "processor": "cortex-a76",
        "instructions": counts.entry(),
        "figures": {
            "max_difference": 1e-7,
            "differing_values": 3,
            "psnr_to_host_db": None,
            "psnr_to_pytorch_db": 90.0,
        },
        "seconds": 1.0,
        "verdicts": [
            {
                "check": "greatest difference to this computer",
                "figure": "1.0e-07",
                "limit": "<= 1e-05",
                "passed": True,
                "assurance": "real runtime",
            }
        ],
        "passed": True,
    } | changes


def emulated(*rows: dict[str, Any]) -> dict[str, Any]:
    return document.document(
        rows,
        created="2026-01-01T00:00:00+00:00",
        command="facestyle bench arm build",
        weights="0" * 12,
        tools={"numpy": "1"},
        userland={"qemu-user:amd64": "7.2", "zlib1g:arm64": "1"},
    )


class TestReport:
    def test_three_files(self, tmp_path: Path) -> None:
        report.write(tmp_path, emulated(made_row(), made_row(processor="cortex-a53")))
        assert sorted(p.name for p in tmp_path.iterdir()) == [
            "report.html",
            "report.json",
            "report.md",
        ]
        page, text = (tmp_path / "report.html").read_text(), (tmp_path / "report.md").read_text()
        assert "mobile 64x96 &lt;fp32&gt;" in page and "<fp32>" not in page
        for written in (page, text):
            assert "All 1 files run right on emulated Cortex-A76, Cortex-A53" in written
            assert "Real runtime" in written and "emulated by QEMU" in written
            assert "7.2" in written and "zlib1g" not in written
        assert "| 107 | 56 % | 6.5 % | 0 | 37 % |" in text

    def test_what_failed_is_said(self) -> None:
        verdict = made_row()["verdicts"][0] | {"passed": False, "figure": "nan"}
        crashed = made_row(
            processor="cortex-a53",
            passed=False,
            instructions=None,
            figures=None,
            verdicts=[{"check": "runs", "figure": "it fails", "limit": "runs", "passed": False}],
        )
        made = emulated(made_row(), made_row(passed=False, verdicts=[verdict]), crashed)
        assert report.headline(made) == "2 of 3 runs on emulated Arm failed"
        assert [passed for _, passed in report.lines(made)] == [True, False, False]
        for written in (report.html(made), report.text(made)):
            assert "greatest difference to this computer: nan" in written
            assert "runs: it fails, wanted runs" in written

    def test_costs(self, tmp_path: Path) -> None:
        other = {"name": "b.tflite", "sha256": "b" * 64, "bytes": 5}
        document.write(
            tmp_path,
            emulated(
                made_row(processor="cortex-a53", instructions=Counts(1, 0, 0, 0).entry()),
                made_row(),
                made_row(half_precision=True, instructions=Counts(2, 0, 0, 0).entry()),
                made_row(file=other, instructions=None),
            ),
        )
        found = document.costs(tmp_path)
        assert found == {"a" * 64: 107}
        rows: list[dict[str, Any]] = [
            {"file": {"sha256": "a" * 64}, "cost": {"macs": 5, "arm_instructions": None}},
            {"file": {"sha256": "b" * 64}, "cost": {"macs": 5}},
            {"file": None},
        ]
        assert document.fill(rows, found) == 1
        assert rows[0]["cost"] == {"macs": 5, "arm_instructions": 107}
        assert rows[1]["cost"] == {"macs": 5} and "cost" not in rows[2]

    @pytest.mark.parametrize(
        "text", ["", "[]", "{}", '{"format": "facestyle-benchmark/1", "rows": []}', "{not"]
    )
    def test_other_files_are_refused(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "report.json"
        path.write_text(text)
        with pytest.raises(UserError, match="not a report of facestyle bench arm"):
            document.costs(path)
        with pytest.raises(UserError, match="make one with facestyle bench arm"):
            document.costs(tmp_path / "none.json")

    def test_counts_beside_latency(
        self, facestyle: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from benchmarks.latency import measure

        host = made_report.host()
        monkeypatch.setattr(measure, "measure", lambda *given: (deepcopy(host), {}))
        found = {"name": "a.tflite", "sha256": host["rows"][0]["file"]["sha256"], "bytes": 1}
        document.write(tmp_path / "known", emulated(made_row(file=found)))
        document.write(tmp_path / "unknown", emulated(made_row()))
        model, out = made_models.picture_model(tmp_path / "picture.tflite"), tmp_path / "out"
        for given, count in (("known/report.json", 107), ("unknown", None)):
            outcome = facestyle("bench", model, "--out", out, "--arm", tmp_path / given)
            assert outcome.code == 0, outcome.err
            made = json.loads((out / "report.json").read_text())
            if count is not None:
                assert made["rows"][0]["cost"]["arm_instructions"] == count
                assert "Arm instructions" in (out / "report.html").read_text()
            assert ("none of these files" in outcome.out) == (count is None)
        missing = facestyle("bench", model, "--out", out, "--arm", tmp_path / "none.json")
        assert_refused(missing, "none.json", "facestyle bench arm BUILD")
