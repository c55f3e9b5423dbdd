"""The README stays short; links resolve; quoted commands, modules and make targets exist."""

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from facestyle.cli import app

ROOT = Path(__file__).parents[1]
HIDDEN = re.compile(r"/(\.|build|runs|out/|node_modules)")
PAGES = sorted(
    page
    for page in ROOT.rglob("*.md")
    if not HIDDEN.search(f"/{page.relative_to(ROOT).as_posix()}") and "results" not in page.parts
)
LONGEST_README = 700
LINK = re.compile(r"(?:\]\(|(?:src|href)=\")([^)\s\"]+)")
BLOCK = re.compile(r"^```(?:sh|bash)\n(.*?)^```", re.M | re.S)


def ids(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def commands() -> list[tuple[str, list[str]]]:
    """Every ``facestyle`` line of the pages' shell blocks, with the page that it is on."""
    found = []
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words[:1] == ["facestyle"] and "..." not in words:
                    found.append((ids(page), words[1:]))
    return found


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in plain}


def parse(words: list[str]) -> None:
    """Parse a command line without running it.

    Raises:
        click.UsageError: for an unknown command or option, a wrong value, a missing argument.
    """
    command: click.Command = app
    while isinstance(command, click.Group):
        context = click.Context(command)
        name = words[0] if words else ""
        inner = command.get_command(context, name)
        words = words[1:] if inner else words
        inner = inner or command.get_command(context, "run")  # what `facestyle bench` stands for
        if inner is None:
            raise click.UsageError(f"no command {name!r}")
        command = inner
    with command.make_context(command.name, list(words)):
        pass


def test_the_readme_is_short() -> None:
    words = (ROOT / "README.md").read_text(encoding="utf-8").split()
    assert len(words) <= LONGEST_README


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_links_resolve(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    broken = []
    for link in LINK.findall(text):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_quoted_commands_parse() -> None:
    quoted = commands()
    assert len(quoted) > 50
    wrong = []
    for page, words in quoted:
        try:
            parse(words)
        except click.UsageError as error:
            message = error.format_message()
            if "does not exist" not in message:  # a reader's own file
                wrong.append(f"{page}: facestyle {shlex.join(words)}: {message}")
    assert not wrong


def test_quoted_modules_and_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.M))
    wrong = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        modules = set(re.findall(r"python -m ((?:facestyle|export|train|benchmarks)[\w.]*)", text))
        wrong += [f"{ids(page)}: {name}" for name in modules if find_spec(name) is None]
        asked = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.M))
        wrong += [f"{ids(page)}: make {name}" for name in asked - targets]
    assert not wrong


def test_quoted_source_files_exist() -> None:
    wrong = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        names = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.py)`", text))
        missing = {n for n in names if not any((at / n).exists() for at in (page.parent, ROOT))}
        wrong += [f"{ids(page)}: {name}" for name in sorted(missing)]
    assert not wrong
