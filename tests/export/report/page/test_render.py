from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import jinja2
import pytest
from markupsafe import Markup
from PIL import Image

from export.report.page.pictures import embedded, jpeg
from export.report.page.render import render

HOSTILE = """<script>alert("x")</script>'&"""

Page = Callable[..., str]

BODY = """{% extends "base.html.j2" %}
{% import "parts.html.j2" as parts %}
{% block title %}{{ title }}{% endblock %}
{% block body %}
REPLACED
{% endblock %}
"""


@pytest.fixture()
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """A page with a body of its own, from a package made for it."""
    package = tmp_path / ("made_for_" + re.sub(r"\W", "_", tmp_path.name))
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))

    def made(body: str, **values: object) -> str:
        (package / "page.html.j2").write_text(BODY.replace("REPLACED", body))
        return render(package.name, "page.html.j2", **{"title": "a title"} | values)

    return made


def test_a_page_stands_alone(page: Page) -> None:
    found = page("<p>here</p>")
    assert found.startswith("<!doctype html>")
    assert "<title>a title</title>" in found
    assert "--page: #fbfbfa" in found
    assert "addEventListener" in found
    assert "default-src 'none'" in found
    for outside in ("http://", "https://", "url(", "@import", "<link"):
        assert outside not in found


def test_values_are_escaped_unless_they_are_markup(page: Page) -> None:
    found = page("{{ told }}{{ drawn }}", told=HOSTILE, drawn=Markup("<b>bold</b>"))
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;&#39;&amp;" in found
    assert "<b>bold</b>" in found
    assert found.count("<script") == 1


def test_a_missing_value_is_an_error(page: Page) -> None:
    with pytest.raises(jinja2.UndefinedError, match="'forgotten' is undefined"):
        page("{{ forgotten }}")


def test_names_break_after_their_underscores(page: Page) -> None:
    assert "a_<wbr>b.<wbr>c &lt;" in page("{{ name | soft }}", name="a_b.c <")


def test_badges_and_alerts(page: Page) -> None:
    body = (
        '{{ parts.badge("pass", "good", "all checks") }}{{ parts.badge("–") }}'
        '{{ parts.alert("Wrong", lines) }}{{ parts.alert("Nothing", []) }}'
    )
    found = page(body, lines=["one line", ("a_file", HOSTILE)])
    assert '<span class="badge good" title="all checks">pass</span>' in found
    assert '<span class="badge">–</span>' in found
    assert "<li>one line</li>" in found
    assert "<strong>a_<wbr>file</strong>: &lt;script&gt;" in found
    assert "Nothing" not in found


@pytest.mark.parametrize(
    ("size", "wide"),
    [((300, 300), False), ((300, 900), True), ((900, 300), True), ((888, 1000), True)],
)
def test_pictures_are_inside(page: Page, size: tuple[int, int], wide: bool) -> None:
    picture = embedded('a "sheet"', jpeg(Image.new("RGB", size, "teal")))
    assert picture.wide is wide
    found = page("{{ parts.pictures([picture]) }}", picture=picture)
    assert ('<figure class="wide">' in found) is wide
    assert '<img src="data:image/jpeg;base64,' in found
    assert 'alt="a &#34;sheet&#34;"' in found
