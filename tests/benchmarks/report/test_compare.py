from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from benchmarks.latency.timing import timing
from benchmarks.report import compare_views
from benchmarks.report.compare import (
    EQUAL,
    FASTER,
    SAME,
    SLOWER,
    compare,
    enough,
    holm,
    judge,
    significance,
)
from benchmarks.report.document import Document
from tests.support import made_report


def report(middle: float, seed: int = 0, rounds: int = 10, noise: float = 0.03) -> Document:
    """A report with one row."""
    inference = made_report.times(middle, seed, 400, noise)
    stages = {"inference": timing(inference, [400 // rounds] * rounds if rounds else ())}
    return made_report.minimal() | {"rows": [made_report.row("mobile", middle, stages=stages)]}


def verdicts(old: Document, new: Document) -> list[str]:
    return [times.verdict for pair in compare(old, new).pairs for times in pair.times]


@pytest.mark.parametrize("rounds", [0, 10])
@pytest.mark.parametrize(
    ("factor", "wanted"), [(1.0, SAME), (1.01, SAME), (1.1, SLOWER), (0.9, FASTER)]
)
def test_verdicts(rounds: int, factor: float, wanted: str) -> None:
    found = compare(report(6.0, 1, rounds), report(6.0 * factor, 2, rounds))
    (times,) = found.pairs[0].times
    assert times.verdict == wanted
    assert found.regression is (wanted == SLOWER)
    assert times.low is not None and times.high is not None
    assert times.low <= factor * 1.01 and times.high >= factor * 0.99
    assert times.counted == ("10 and 10 rounds" if rounds else "400 and 400 runs")


def test_a_report_equals_itself() -> None:
    made = made_report.host()
    found = compare(made, copy.deepcopy(made))
    assert not found.regression
    assert not found.refusals
    assert {t.verdict for p in found.pairs if not p.warnings for t in p.times} == {SAME}
    assert {t.stage for p in found.pairs for t in p.times} == {"inference", "end to end"}
    assert {one.verdict for one in found.fidelity} == {EQUAL}


def test_noise_without_a_change_is_no_regression() -> None:
    found = [verdicts(report(6.0, n), report(6.0, 100 + n)) for n in range(30)]
    assert found == [[SAME]] * 30


def test_rounds_are_what_counts() -> None:
    """Ten rounds, of which few were disturbed: all runs would tell a change, rounds do not."""
    rng = np.random.default_rng(0)
    quiet = [rng.normal(6.0, 0.02, 40) for _ in range(10)]
    moody = [values + (0.6 if at < 6 else -0.05) for at, values in enumerate(quiet)]

    def made(parts: list[np.ndarray], rounds: list[int]) -> Document:
        stages = {"inference": timing(np.concatenate(parts), rounds)}
        return made_report.minimal() | {"rows": [made_report.row("mobile", 6.0, stages=stages)]}

    assert verdicts(made(quiet, []), made(moody, [])) == [SLOWER]
    assert verdicts(made(quiet, [40] * 10), made(moody, [40] * 10)) == [SAME]


def test_too_few_rounds_are_not_judged() -> None:
    found = compare(report(6.0, 1, rounds=4), report(9.0, 2, rounds=4))
    assert found.pairs[0].times[0].verdict == "not judged: too few"
    assert not found.regression
    assert compare_views.headline(found).startswith("Nothing could be judged")


@pytest.mark.parametrize(
    ("new", "p", "wanted"),
    [(105.0, 1e-9, SAME), (105.1, 1e-9, SLOWER), (94.9, 1e-9, FASTER), (150.0, 0.01, SAME)],
)
def test_the_rule(new: float, p: float, wanted: str) -> None:
    assert judge(100.0, new, p) == wanted


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_many_tests_find_no_change_where_there_is_none() -> None:
    """Of 200 equal rows, some have p < 0.01 and differ by more than 5 %."""
    rng = np.random.default_rng(3)

    def made() -> Document:
        rows = []
        for at in range(200):
            drawn = np.repeat(rng.normal(6.0, 0.4, 10), 20)
            stages = {"inference": timing(drawn, [20] * 10)}
            rows.append(made_report.row(f"row {at}", 6.0, stages=stages))
        return made_report.minimal() | {"rows": rows}

    found = compare(made(), made())
    times = [one for pair in found.pairs for one in pair.times]
    assert any(judge(one.old, one.new, one.p or 0.0) == SLOWER for one in times)
    assert {one.verdict for one in times} == {SAME}


def test_one_change_among_many_is_found() -> None:
    old, new = (
        made_report.minimal()
        | {
            "rows": [
                made_report.row(f"row {at}", 6.0 * (slower if at == 7 else 1), seed=seed + at)
                for at in range(40)
            ]
        }
        for seed, slower in ((0, 1.0), (100, 1.2))
    )
    assert {name for name, _ in compare(old, new).slower} == {"row 7"}


def test_what_cannot_be_significant_is_no_test() -> None:
    """5 rounds against 5 give p = 0.008 at least: enough for a test alone, not for one of two."""
    assert enough([(5, 5)]) == [True]
    assert enough([(5, 5), (5, 5)]) == [False, False]
    assert enough([(5, 5), (10, 10), (400, 400)]) == [False, True, True]
    assert enough([(4, 4)]) == [False]
    assert enough([]) == []


def test_significance_of_equals_is_1() -> None:
    assert significance(np.ones(10), np.ones(10)) == 1.0
    assert significance(np.arange(10.0), np.arange(10.0) + 20) < 0.001


@pytest.mark.parametrize("which", [0, 1])
def test_a_row_that_is_not_valid_is_flagged_not_judged(which: int) -> None:
    pair = (report(6.0, 1), report(9.0, 2))
    pair[which]["rows"][0]["problems"] = ["too hot"]
    found = compare(*pair)
    assert not found.regression
    assert [t.verdict for t in found.pairs[0].times] == ["not judged"]
    told = f"not valid in the {('older', 'newer')[which]} report: too hot"
    for view in (compare_views.text, compare_views.markdown, compare_views.html):
        assert told in view(found)


@pytest.mark.parametrize(("key", "value"), [("threads", 4), ("delegate", "GPU")])
def test_rows_that_are_not_alike_are_not_judged(key: str, value: Any) -> None:
    old, new = report(6.0, 1), report(9.0, 2)
    new["rows"][0]["runtime"] = new["rows"][0]["runtime"] | {key: value}
    found = compare(old, new)
    assert f"not alike: {key}" in found.pairs[0].warnings[0]
    assert not found.regression


def test_different_devices_are_shown_not_judged() -> None:
    old, new = report(6.0, 1), report(9.0, 2)
    new["device"] = {"kind": "android", "name": "Pixel 4"}
    found = compare(old, new)
    assert not found.regression
    assert found.pairs[0].times[0].new == pytest.approx(9.2, abs=0.3)
    assert compare_views.headline(found) == "Different devices: no verdict."
    assert "different devices (name: Pixel 8 and Pixel 4)" in compare_views.text(found)


def test_without_samples_medians_are_shown_not_judged() -> None:
    old, new = report(6.0, 1), report(9.0, 2)
    del new["rows"][0]["stages"]["inference"]["samples_ms"]
    (times,) = compare(old, new).pairs[0].times
    assert times.p is None
    assert times.verdict.startswith("not judged")
    assert times.ratio == pytest.approx(1.5, abs=0.05)


def test_the_least_a_device_may_send() -> None:
    found = compare(made_report.minimal(), made_report.minimal())
    assert found.pairs[0].times == []
    assert not found.regression
    assert "Nothing could be judged" in compare_views.text(found)


def test_rows_in_one_report_only() -> None:
    old, new = report(6.0), report(6.0)
    old["rows"].append(made_report.row("gone", 5.0))
    new["rows"].append(made_report.row("come", 5.0))
    found = compare(old, new)
    assert (found.only_old, found.only_new) == (["gone"], ["come"])
    text = compare_views.text(found)
    assert "gone: only in the older report" in text
    assert "come: only in the newer report" in text


def test_costs_memory_and_partitions() -> None:
    old = made_report.minimal() | {"rows": [made_report.tflite("fp32", 256, 1)]}
    new = copy.deepcopy(old)
    row = new["rows"][0]
    row["cost"]["macs"] = round(1.5 * row["cost"]["macs"])
    row["partitions"], row["fully_delegated"] = 3, False
    row["peak_memory_bytes"] *= 2
    row["file"]["sha256"] = made_report.sha("another")
    found = compare(old, new)
    changed = {f.title: (f.old, f.new, f.ratio) for f in found.pairs[0].figures if f.old != f.new}
    assert changed["MACs"] == ("412 M", "618 M", pytest.approx(1.5))
    assert changed["partitions"] == ("1, whole graph", "3", 3.0)
    assert changed["peak memory"][2] == 2.0
    assert set(changed) == {"MACs", "partitions", "peak memory", "sha256 of the file"}
    assert not found.regression
    assert "MACs: 412 M -> 618 M (+50.0 %)" in compare_views.text(found)


def test_fidelity_has_a_direction_and_no_significance() -> None:
    old = made_report.minimal() | {"quality": made_report.quality()}
    new = copy.deepcopy(old)
    new["quality"]["rows"][4]["figures"] |= {"style": 1.0, "face_ssim": 0.5}
    found = compare(old, new)
    changed = {one.title: one.verdict for one in found.fidelity if one.old != one.new}
    assert changed == {"style loss": "better", "face SSIM": "worse"}
    text = compare_views.text(found)
    assert "face SSIM ↑: 0.730 -> 0.500 (worse)" in text
    assert compare_views.NO_SIGNIFICANCE in text
    assert not found.regression


def test_views_say_what_became_slower() -> None:
    found = compare(report(6.0, 1), report(6.6, 2))
    assert compare_views.headline(found) == "Regression: 1 of 1 rows significantly slower."
    assert "! inference: " in compare_views.text(found)
    assert "**slower**" in compare_views.markdown(found)
    assert 'class="bad"' in compare_views.html(found)
    for view in (compare_views.text, compare_views.markdown, compare_views.html):
        assert "Mann-Whitney" in view(found)
        assert "Holm" in view(found)


def test_names_stay_names() -> None:
    old, new = report(6.0), report(6.0)
    for made in (old, new):
        made["rows"][0]["name"] = "<script>alert(1)</script>|"
    new["device"] = new["device"] | {"name": "<img src=x onerror=alert(1)>"}
    found = compare(old, new)
    page = compare_views.html(found)
    assert page.count("<script") == 1
    assert "<img" not in page
    assert "\\<script\\>alert(1)\\</script\\>\\|" in compare_views.markdown(found)


def test_what_became_slower_comes_first() -> None:
    old, new = (
        made_report.minimal()
        | {
            "rows": [
                made_report.row(name, middle, seed=seed)
                for name, middle in (("same", 6.0), ("quick", quick), ("slow", slow))
            ]
        }
        for seed, quick, slow in ((1, 6.0, 6.0), (2, 5.0, 7.0))
    )
    lines = compare_views.times_table(compare(old, new)).lines
    names = list(dict.fromkeys(line[0].text for line in lines))
    assert names == ["slow", "quick", "same"]
