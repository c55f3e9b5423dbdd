"""Pictures of pages, and what their script does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchmarks.report import document, screenshot
from benchmarks.report.write import PAGE, write_report
from facestyle.errors import UserError


def test_no_browser_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="no Chromium found"), screenshot.browser():
        pass


@pytest.mark.slow
@pytest.mark.skipif(
    not any(map(shutil.which, screenshot.BROWSERS)), reason="needs Chromium for its pictures"
)
def test_no_page_is_wider_than_its_screen(tmp_path: Path, host: document.Document) -> None:
    write_report(tmp_path, host)
    with screenshot.browser() as live:
        for width in (360, 1280):
            light, dark = (
                screenshot.picture(live, tmp_path / PAGE, width, scheme)
                for scheme in screenshot.SCHEMES
            )
            assert light.width == dark.width == width
            assert light.height == dark.height > 2000
            assert sum(light.getpixel((2, 2))) > 600 > 200 > sum(dark.getpixel((2, 2)))


@pytest.mark.slow
@pytest.mark.skipif(
    not any(map(shutil.which, screenshot.BROWSERS)), reason="needs Chromium for its pictures"
)
def test_tables_are_sorted_by_their_heads(tmp_path: Path, host: document.Document) -> None:
    write_report(tmp_path, host)
    wanted = [row["stages"]["inference"]["p50_ms"] for row in host["rows"]]
    script = """(() => {
        const table = document.querySelector("table.sortable");
        const button = table.querySelectorAll("thead button")[1];
        const read = () => [...table.tBodies[0].rows].map(r => Number(r.cells[1].dataset.sort));
        button.click(); const up = read(); button.click();
        return JSON.stringify([up, read(), button.parentElement.getAttribute("aria-sort")]);
    })()"""
    with screenshot.browser() as live:
        address = (tmp_path / PAGE).as_uri()
        target = live.call("Target.createTarget", url="about:blank")["targetId"]
        session = live.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        live.call("Page.enable", session)
        live.call("Page.navigate", session, url=address)
        live.wait("Page.loadEventFired")
        found = live.call("Runtime.evaluate", session, expression=script)["result"]["value"]
    up, down, said = json.loads(found)
    assert up == sorted(wanted)
    assert down == sorted(wanted, reverse=True)
    assert said == "descending"
