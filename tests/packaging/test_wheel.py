"""A wheel built from the repository: what is in it, what it asks for, and that it works alone."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import PathDistribution
from pathlib import Path
from zipfile import Path as ZipPath

import pytest

from facestyle import gallery
from facestyle.dependencies import Dependencies

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

PACKAGES = ("facestyle", "export", "train", "benchmarks", "coreml_reference")

EXTRAS = {
    "facestyle": (),
    "export": ("export",),
    "train": ("train", "hub"),
    "benchmarks": ("bench", "coreml"),
    "coreml_reference": ("coreml",),
}
"""What is to be installed so that all of a package can be imported."""

LEFT_OUT = (
    "*/README.md",
    "train/*.md",
    "train/*.sh",
    "train/campaign/*",
    "benchmarks/results/*",
    "coreml_reference/tests/*",
    "coreml_reference/pyproject.toml",
    "coreml_reference/LICENSE",
    "coreml_reference/LICENSE",
)
"""Files that only the repository needs: documents, figures, what a training goes on from, tests."""

INSTALLED = (
    "facestyle/gallery/README.md",
    "facestyle/weights/README.md",
    "train/auxiliary/weights/README.md",
)
"""Documents that go with what they describe: licences of paintings, model cards."""


def tracked() -> list[str]:
    """The repository's files, those included that are about to be added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def is_kept(name: str) -> bool:
    """Whether a file of the repository belongs into the wheel."""
    within = name.startswith(tuple(f"{package}/" for package in PACKAGES))
    return within and (name in INSTALLED or not any(fnmatch(name, p) for p in LEFT_OUT))


def run(*command: object, cwd: Path) -> str:
    """Its standard output; what Python finds is left to the command's own environment."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment | {"FACESTYLE_HOME": str(cwd / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what git tracks, as from a fresh clone."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in tracked():
        if name.partition("/")[0] in PACKAGES or "/" not in name:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation")
    run(*pip, "--wheel-dir", folder, source, cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment with the wheel, and this one's packages but for our own.

    They are seen through a ``.pth`` file: nothing is downloaded, and ``.pth`` files in there, such
    as the one of an editable installation, do nothing.
    """
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index")
    run(*pip, wheel, cwd=folder)
    own = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
    others = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    (Path(own.strip()) / "others.pth").write_text("\n".join(others) + "\n")
    return python.parent


def test_every_data_file_is_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        inside = set(opened.namelist())
    kept = set(filter(is_kept, tracked()))
    assert kept - inside == set()
    added = {name for name in inside - kept if ".dist-info/" not in name}
    assert added == set()
    for kind in ("*.safetensors", "*.toml", "*.j2", "facestyle/gallery/*.jpg", "*/styles.json"):
        assert any(fnmatch(name, kind) for name in inside), kind


def third_party(package: str) -> Iterator[tuple[str, str]]:
    """Modules that a package imports, anywhere in its code, and the file that does."""
    own = {*sys.stdlib_module_names, *PACKAGES}
    for file in filter(is_kept, tracked()):
        if not file.startswith(f"{package}/") or not file.endswith(".py"):
            continue
        for node in ast.walk(ast.parse((ROOT / file).read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            yield from ((name, file) for name in names if name.partition(".")[0] not in own)


@pytest.mark.parametrize("package", PACKAGES)
def test_metadata_asks_for_all_that_is_imported(wheel: Path, package: str) -> None:
    information = next(p for p in ZipPath(wheel).iterdir() if p.name.endswith(".dist-info"))
    described = PathDistribution(information).metadata  # type: ignore[arg-type]
    dependencies = Dependencies(
        described.get_all("Requires-Dist") or [], described.get_all("Provides-Extra") or []
    )
    installed = dependencies.all("")
    for extra in EXTRAS[package]:
        installed = [*installed, *dependencies.all(extra)]
    modules = {item.module for item in installed}
    imported = list(third_party(package))
    assert any(name.startswith("torch") for name, _ in imported)
    unasked = [
        (name, file)
        for name, file in imported
        if not any(f"{name}.".startswith(f"{module}.") for module in modules)
    ]
    assert unasked == []


def test_it_exports_and_stylises_outside_of_the_checkout(bin_folder: Path, tmp_path: Path) -> None:
    script = (
        "import benchmarks, export, facestyle, train\n"
        "from importlib.metadata import distribution\n"
        "for package in (benchmarks, export, facestyle, train): print(package.__file__)\n"
        "print(distribution('facestyle').locate_file('facestyle'))"
    )
    files = run(bin_folder / "python", "-c", script, cwd=tmp_path).split()
    assert len(files) == 5
    assert all(Path(file).is_relative_to(bin_folder.parent) for file in files), files

    facestyle = bin_folder / "facestyle"
    photo = tmp_path / "photo.jpg"
    shutil.copy(gallery.portraits()[0].path, photo)
    run(facestyle, "stylize", photo, "--style", "great_wave", "--out", "painted", cwd=tmp_path)
    assert (tmp_path / "painted" / "photo__great_wave.png").stat().st_size > 10_000
    options = "--size 64 --graphs stylizer --precision fp16 --out build"
    said = run(facestyle, "export", *options.split(), cwd=tmp_path)
    names = sorted(path.name for path in (tmp_path / "build").glob("mobile_*"))
    assert names == [
        "mobile_stylizer_64x64_fp16.mlpackage",
        "mobile_stylizer_64x64_fp16.tflite",
    ]
    assert said.count("pass") == 2
    assert "build/ is right" in run(facestyle, "verify", "build", cwd=tmp_path)
    listed = run(facestyle, "train", "--list", cwd=tmp_path)
    assert "depth_face_adain" in listed
    assert "missing" not in run(facestyle, "doctor", cwd=tmp_path)
