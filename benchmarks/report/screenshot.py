"""Pictures of a report's page, by a headless Chromium that is spoken to through its pipe.

    python -m benchmarks.report.screenshot report.html --out docs

writes ``report_1280_light.png`` and so on: a wide screen and a phone, light and dark, each as
high as the page or ``--height``.
"""

from __future__ import annotations

import base64
import io
import json
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from PIL import Image

from facestyle.errors import UserError
from facestyle.files import atomic

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

WIDTHS = (1280, 390)

SCHEMES = ("light", "dark")

TILE = 4000
"""Pixels at once; Chromium paints nothing beyond about 16384."""


class Browser:
    """Chromium's DevTools over two pipes: JSON with a zero byte after each message."""

    def __init__(self, reading: int, writing: int) -> None:
        self.reading, self.writing = reading, writing
        self.sent = 0
        self.rest = b""

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """The answer to a command; what else the browser tells meanwhile is passed over.

        Raises:
            UserError: when the browser is gone or refuses.
        """
        self.sent += 1
        message = {"id": self.sent, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.sent:
                if "error" in answer:
                    raise UserError(f"Chromium: {method}: {answer['error']['message']}")
                return dict(answer["result"])

    def wait(self, event: str) -> None:
        """Until the browser tells of something."""
        while self._next().get("method") != event:
            pass

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.rest:
            part = os.read(self.reading, 1 << 20)
            if not part:
                raise UserError("Chromium ended before the picture was made; start it by hand")
            self.rest += part
        message, _, self.rest = self.rest.partition(b"\0")
        return dict(json.loads(message))


@contextmanager
def browser() -> Iterator[Browser]:
    """A Chromium of its own, with a profile that is thrown away.

    Raises:
        UserError: when none is installed.
    """
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        raise UserError(f"no Chromium found (looked for {', '.join(BROWSERS)}); install one")
    theirs, writing = os.pipe()
    reading, their_writing = os.pipe()

    def hand_over() -> None:
        # Chromium reads commands from 3 and writes answers to 4; first out of their way.
        high = [os.dup(end) for end in (theirs, their_writing)]
        safe = [os.dup2(end, 100 + at) for at, end in enumerate(high)]
        os.dup2(safe[0], 3)
        os.dup2(safe[1], 4)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
        process = subprocess.Popen(
            [program, *flags, "--remote-debugging-pipe", f"--user-data-dir={profile}"],
            preexec_fn=hand_over,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(their_writing)
        try:
            yield Browser(reading, writing)
        finally:
            os.close(writing)
            os.close(reading)
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def picture(live: Browser, page: Path, width: int, scheme: str) -> Image.Image:
    """A page from its head to its foot, and wider than asked for if it does not fit.

    Args:
        width: of the screen in CSS pixels; below 600 it is a phone's.
        scheme: ``light`` or ``dark``, as the reader's system has it.
    """
    target = live.call("Target.createTarget", url="about:blank")["targetId"]
    session = live.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def command(method: str, **parameters: Any) -> dict[str, Any]:
        return live.call(method, session, **parameters)

    command(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=900,
        deviceScaleFactor=1,
        mobile=width < 600,
    )
    command(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    command("Page.enable")
    command("Page.navigate", url=page.resolve().as_uri())
    live.wait("Page.loadEventFired")
    size = command("Page.getLayoutMetrics")["cssContentSize"]
    width, height = math.ceil(size["width"]), math.ceil(size["height"])
    whole = Image.new("RGB", (width, height))
    for top in range(0, height, TILE):
        part = {"x": 0, "y": top, "width": width, "height": min(TILE, height - top), "scale": 1}
        made = command(
            "Page.captureScreenshot", format="png", clip=part, captureBeyondViewport=True
        )
        whole.paste(Image.open(io.BytesIO(base64.b64decode(made["data"]))), (0, top))
    live.call("Target.closeTarget", targetId=target)
    return whole


@click.command()
@click.argument("page", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("."))
@click.option("--name", help="Of the files, before width and scheme; the page's by default.")
@click.option("--height", type=click.IntRange(1), help="Pixels at most; the whole page by default.")
def main(page: Path, out: Path, name: str | None, height: int | None) -> None:
    """Take pictures of PAGE, for a wide screen and a phone, light and dark."""
    with browser() as live:
        for width in WIDTHS:
            for scheme in SCHEMES:
                file = out / f"{name or page.stem}_{width}_{scheme}.png"
                shot = picture(live, page, width, scheme)
                if height is not None:
                    shot = shot.crop((0, 0, shot.width, min(height, shot.height)))
                with atomic(file) as temporary:
                    shot.save(temporary, optimize=True)
                click.echo(file)


if __name__ == "__main__":
    main()
