"""The APK of the sample app, read back: what it asks for, what is in it. After `make android`."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from facestyle import gallery

ROOT = Path(__file__).parents[2]
APK = ROOT / "android_demo" / "out" / "facestyle-demo.apk"
ASSETS = "assets/facestyle/"
LARGEST = 22_000_000

pytestmark = [
    pytest.mark.skipif(not APK.exists(), reason="no APK; `make android` builds it"),
    pytest.mark.skipif(not shutil.which("aapt2"), reason="Debian's aapt is not installed"),
]


def output(*command: object) -> str:
    return subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(scope="module")
def badging() -> str:
    return output("aapt2", "dump", "badging", APK)


def test_the_signature_holds() -> None:
    told = output("apksigner", "verify", "--verbose", APK)
    assert "Verified using v2 scheme (APK Signature Scheme v2): true" in told


def test_it_is_small() -> None:
    assert APK.stat().st_size < LARGEST


def test_it_asks_for_the_camera_alone_and_needs_nothing(badging: str) -> None:
    assert re.findall(r"uses-permission: name='([^']+)'", badging) == ["android.permission.CAMERA"]
    assert not re.search(r"uses-feature: name='android.hardware.camera", badging)
    assert re.search(r"(?:min)?[sS]dkVersion:'26'", badging)
    assert "launchable-activity: name='org.facestyle.demo.MainActivity'" in badging


def test_phones_let_it_load_opencl(badging: str) -> None:
    tree = output("aapt2", "dump", "xmltree", "--file", "AndroidManifest.xml", APK)
    (found,) = re.findall(r"E: uses-native-library.*\n(?:.*A: .*\n)*", tree)
    assert '"libOpenCL.so"' in found
    assert re.search(r"required\(.*\)=false", found)


def test_both_processors_have_the_runtime_uncompressed() -> None:
    with zipfile.ZipFile(APK) as archive:
        found = {i.filename: i for i in archive.infolist() if i.filename.startswith("lib/")}
    for abi in ("arm64-v8a", "x86_64"):
        assert f"lib/{abi}/libtensorflowlite_jni.so" in found
        assert f"lib/{abi}/libtensorflowlite_gpu_jni.so" in found
    assert all(i.compress_type == zipfile.ZIP_STORED for i in found.values())


def test_every_asset_is_what_the_manifest_says() -> None:
    with zipfile.ZipFile(APK) as archive:
        document = json.loads(archive.read(f"{ASSETS}manifest.json"))
        assert {entry["graph"] for entry in document["files"]} == {"stylizer", "style_encoder"}
        for entry in document["files"]:
            name = ASSETS + entry["file"]
            assert archive.getinfo(name).compress_type == zipfile.ZIP_STORED
            assert hashlib.sha256(archive.read(name)).hexdigest() == entry["sha256"]
        if f"{ASSETS}studio/manifest.json" in archive.namelist():
            _check_studio(archive, document)
        styles = json.loads(archive.read(f"{ASSETS}styles.json"))
        assert styles["weights"] == document["weights"]["style_fingerprint"]
        hashes = {
            name.removeprefix(ASSETS): hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if name.startswith(ASSETS)
        }
    del hashes["manifest.json"]
    assert hashes == document["assets"]
    # Styles of one's own paintings have no picture that might be copied.
    shown = {p.name for p in gallery.paintings()} & {s["name"] for s in styles["styles"]}
    assert {f"thumbnails/{name}.jpg" for name in shown} <= set(hashes)
    assert {"styles.json", "golden/golden.json"} <= set(hashes)


def _check_studio(archive: zipfile.ZipFile, live: dict[str, Any]) -> None:
    """The model for photos is mapped too, and takes the live one's codes."""
    document = json.loads(archive.read(f"{ASSETS}studio/manifest.json"))
    (entry,) = document["files"]
    name = f"{ASSETS}studio/{entry['file']}"
    assert archive.getinfo(name).compress_type == zipfile.ZIP_STORED
    assert hashlib.sha256(archive.read(name)).hexdigest() == entry["sha256"]
    ours, theirs = (made["weights"]["style_fingerprint"] for made in (live, document))
    assert ours == theirs
