"""The sample app's versions: said once, or the same wherever they are said again."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from toolchain.project import AARS

from tests.conftest import OFFLINE

DEMO = OFFLINE.parent
CATALOGUE = tomllib.loads((DEMO / "gradle" / "libs.versions.toml").read_text(encoding="utf-8"))
VERSIONS: dict[str, str] = CATALOGUE["versions"]
SCRIPTS = (
    "build.gradle.kts",
    "settings.gradle.kts",
    "app/build.gradle.kts",
    "core/build.gradle.kts",
)
TOOLCHAIN = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((OFFLINE / "toolchain").glob("*.py"))
)
GRADLE_FOR_AGP = {"8.13": (8, 13)}
"""The least Gradle of a version of Android's plugin, as its release notes say."""


def script(name: str) -> str:
    """Return a Gradle script without its comments."""
    text = (DEMO / name).read_text(encoding="utf-8")
    return re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


# core/pom.xml says again what Maven cannot read from the catalogue


class Pom:
    """``core/pom.xml``, with what its properties stand for."""

    def __init__(self, path: Path) -> None:
        self.root = ElementTree.parse(path).getroot()
        for element in self.root.iter():
            element.tag = element.tag.rpartition("}")[2]
        self.properties = {one.tag: one.text or "" for one in self.root.find("properties") or ()}

    def value(self, text: str) -> str:
        return re.sub(r"\$\{([^}]+)\}", lambda found: self.properties[found[1]], text)

    def versions(self) -> dict[str, str]:
        """Return the version of each GROUP:NAME, plugins and signatures too."""
        return {
            f"{one.findtext('groupId')}:{one.findtext('artifactId')}": self.value(
                one.findtext("version") or ""
            )
            for one in self.root.iter()
            if one.tag in {"dependency", "plugin", "signature"}
        }


@pytest.fixture(scope="module")
def pom() -> Pom:
    return Pom(DEMO / "core" / "pom.xml")


@pytest.mark.parametrize(
    ("library", "key"),
    [
        ("org.jetbrains.kotlin:kotlin-stdlib", "kotlin"),
        ("org.jetbrains.kotlin:kotlin-maven-plugin", "kotlin"),
        ("junit:junit", "junit"),
        ("org.json:json", "json"),
        ("org.codehaus.mojo:animal-sniffer-maven-plugin", "animalSniffer"),
        (f"com.toasttab.android:gummy-bears-api-{VERSIONS['minSdk']}", "gummyBears"),
    ],
)
def test_the_pom_has_the_catalogues_version(pom: Pom, library: str, key: str) -> None:
    assert pom.versions()[library] == VERSIONS[key]


def test_the_pom_compiles_for_the_catalogues_jvm(pom: Pom) -> None:
    assert pom.properties["kotlin.compiler.jvmTarget"] == VERSIONS["jvmTarget"]
    assert pom.properties["maven.compiler.release"] == VERSIONS["jvmTarget"]


def test_the_pom_has_no_library_that_the_catalogue_lacks(pom: Pom) -> None:
    listed = {entry["module"] for entry in CATALOGUE["libraries"].values()}
    assert {
        f"{one.findtext('groupId')}:{one.findtext('artifactId')}"
        for one in pom.root.iter("dependency")
    } <= listed


def test_the_pom_has_the_apps_version(pom: Pom) -> None:
    assert pom.root.findtext("version") == VERSIONS["appVersionName"]


# Gradle


def accessors(table: str) -> set[str]:
    """Return how a Gradle script says the names of a table."""
    return {re.sub(r"[-_]", ".", name) for name in CATALOGUE[table]}


@pytest.mark.parametrize("name", SCRIPTS)
def test_gradle_scripts_name_only_what_the_catalogue_has(name: str) -> None:
    for found in re.findall(r"\blibs((?:\.\w+)+)", script(name)):
        parts = found[1:].removesuffix(".get")
        table, _, rest = parts.partition(".")
        if table in {"versions", "plugins"}:
            assert rest in accessors(table), f"{name}: libs.{parts}"
        else:
            assert parts in accessors("libraries"), f"{name}: libs.{parts}"


def test_the_scripts_use_the_catalogue_at_all() -> None:
    text = "\n".join(map(script, SCRIPTS))
    assert set(re.findall(r"alias\(libs\.plugins\.([\w.]+)\)", text)) == accessors("plugins")
    assert text.count("libs.") > 20


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_gradle_script_has_a_version_of_its_own(name: str) -> None:
    assert not re.search(r'"[\w.]+:[\w.-]+:[\w.-]+"|\bversion\s+"|Toolchain\(\d', script(name))


def test_each_entry_has_a_version_and_each_version_a_use() -> None:
    entries = [*CATALOGUE["libraries"].values(), *CATALOGUE["plugins"].values()]
    refs = {entry["version"]["ref"] for entry in entries}
    assert refs <= VERSIONS.keys()
    text = "\n".join(map(script, SCRIPTS))
    for name in VERSIONS.keys() - refs:
        assert f"libs.versions.{name}." in text or f'"{name}"' in TOOLCHAIN, name


def test_gradles_wrapper_is_new_enough_for_androids_plugin() -> None:
    text = (DEMO / "gradle/wrapper/gradle-wrapper.properties").read_text(encoding="utf-8")
    found = re.search(r"^distributionUrl=.*/gradle-([\d.]+)-(?:bin|all)\.zip$", text, re.MULTILINE)
    assert found is not None
    least = GRADLE_FOR_AGP[".".join(VERSIONS["agp"].split(".")[:2])]
    assert numbers(found[1]) >= least
    # Neither this plugin nor Kotlin's of that time were made for Gradle 9.
    assert numbers(found[1])[0] == least[0]
    stated = re.search(r"Gradle ([\d.]+) or later", (DEMO / "settings.gradle.kts").read_text())
    assert stated is not None
    assert numbers(stated[1]) == least


# Both builds


@pytest.mark.parametrize(
    ("key", "setting"),
    [
        ("minSdk", "minSdk = libs.versions.minSdk.get().toInt()"),
        ("targetSdk", "targetSdk = libs.versions.targetSdk.get().toInt()"),
        ("appVersionCode", "versionCode = libs.versions.appVersionCode.get().toInt()"),
        ("appVersionName", "versionName = libs.versions.appVersionName.get()"),
        ("jvmTarget", "JvmTarget.fromTarget(libs.versions.jvmTarget.get())"),
    ],
)
def test_both_builds_take_a_number_from_the_same_key(key: str, setting: str) -> None:
    assert setting in script("app/build.gradle.kts")
    assert f'"{key}"' in TOOLCHAIN


def test_the_chain_names_only_what_the_catalogue_has() -> None:
    versions = set(re.findall(r'version\("(\w+)"\)', TOOLCHAIN))
    libraries = set(re.findall(r'library\("([\w-]+)"', TOOLCHAIN)) | set(AARS)
    assert len(versions) > 3 and len(libraries) > 6
    assert versions <= VERSIONS.keys()
    assert libraries <= CATALOGUE["libraries"].keys()


def test_the_two_sdk_levels_are_what_their_libraries_say() -> None:
    libraries: dict[str, Any] = CATALOGUE["libraries"]
    module = libraries["android-signature-min"]["module"]
    assert module == f"com.toasttab.android:gummy-bears-api-{VERSIONS['minSdk']}"
    releases = {"26": "8.0.0", "34": "14"}  # robolectric names Android's version, not its level
    least, most = releases[VERSIONS["minSdk"]], releases[VERSIONS["targetSdk"]]
    assert VERSIONS["androidAllInstrumentedMin"].startswith(f"{least}_")
    assert VERSIONS["androidAllInstrumentedTarget"].startswith(f"{most}-")
    assert VERSIONS["androidAll"].startswith(f"{most}-")
    assert int(VERSIONS["compileSdk"]) >= int(VERSIONS["targetSdk"])
