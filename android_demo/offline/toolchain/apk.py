"""From sources to a signed APK.

1. unpack the AARs: classes, native libraries
2. aapt2: compile and link resources, manifest and assets
3. compile R (javac), core and app (kotlinc)
4. check that they use nothing that the oldest Android lacks
5. R8: shrink and turn into dex
6. zip all, align, sign
7. check what came out
"""

import re
import zipfile
from pathlib import Path

from toolchain import api_level
from toolchain.layout import ABIS
from toolchain.project import AARS, Project
from toolchain.steps import empty, files_of
from toolchain.tools import JAVA, ToolchainError, require, run

# Files without a date of their own give the same bytes every time.
EPOCH = (1981, 1, 1, 1, 1, 2)
PASSWORD = "android"  # of a debug key, which protects nothing; Android Studio's is the same
UNCOMPRESSED = "tflite"  # mapped into memory from within the APK


def build(project: Project) -> Path:
    """Build the app; return the signed APK."""
    require("java", "javac", "keytool", "aapt2", "zipalign", "apksigner", "dexdump")
    compile_app(project)
    api_level.check(project, app_classes(project))
    shrink(project)
    package(project)
    check(project)
    return project.layout.apk


def compile_app(project: Project) -> None:
    """Take the app as far as its tests need it: resources, and classes that are not shrunk."""
    unpack(project)
    link_resources(project)
    compile_classes(project)


def unpack(project: Project) -> None:
    """Take the classes and native libraries out of the AARs."""
    layout = project.layout
    artifacts = [project.versions.library(name, "aar") for name in AARS]
    project.maven.fetch(artifacts)

    def action() -> None:
        empty(layout.work / "natives")
        libraries = empty(layout.work / "libraries")
        for name, artifact in zip(AARS, artifacts):
            with zipfile.ZipFile(artifact.path) as archive:
                (libraries / f"{name}.jar").write_bytes(archive.read("classes.jar"))
                for entry in archive.namelist():
                    folder, _, file = entry.removeprefix("jni/").partition("/")
                    if entry.startswith("jni/") and folder in ABIS and file:
                        layout.natives(folder).mkdir(parents=True, exist_ok=True)
                        (layout.natives(folder) / file).write_bytes(archive.read(entry))

    writes = [*project.libraries, *(layout.natives(abi) for abi in ABIS)]
    project.steps.run("unpack AARs", [artifact.path for artifact in artifacts], writes, action)


def link_resources(project: Project) -> None:
    """Compile resources and link them with the manifest and the assets."""
    layout, versions = project.layout, project.versions
    resources = layout.main / "res"
    assets = [path for path in [layout.main / "assets"] if path.is_dir()]
    manifest = merged_manifest(project)
    compiled = layout.work / "resources.zip"
    project.steps.run(
        "aapt2 compile",
        [resources],
        [compiled],
        lambda: run(["aapt2", "compile", "--dir", resources, "-o", compiled]),
    )
    generated = layout.work / "generated"
    numbers = [versions.version(name) for name in ("minSdk", "targetSdk", "appVersionCode")]
    options = [
        *("--min-sdk-version", numbers[0], "--target-sdk-version", numbers[1]),
        *("--version-code", numbers[2], "--version-name", versions.version("appVersionName")),
        *(part for folder in assets for part in ("-A", str(folder))),
        # Debian's aapt2 is older than uses-native-library.
        *("--warn-manifest-validation", "--auto-add-overlay"),
    ]

    def action() -> None:
        run(
            [
                *("aapt2", "link", "-I", project.android, "--manifest", manifest),
                *("--java", empty(generated), "--proguard", layout.work / "resources.pro"),
                *options,
                *("-o", layout.base, compiled),
            ]
        )

    reads: list[Path | str] = [compiled, manifest, *assets, *options, str(project.android)]
    project.steps.run("aapt2 link", reads, [layout.base, generated], action)


def merged_manifest(project: Project) -> Path:
    """Write the manifest with what Gradle's plugin adds by itself, and wants nobody to write.

    That is the app's package, and that native libraries stay in the APK, where they are aligned.
    """
    source = project.layout.main / "AndroidManifest.xml"
    if not source.exists():
        raise ToolchainError(f"{source} is missing: --app names the app's folder")
    text = source.read_text(encoding="utf-8")
    for element, attribute, value in (
        ("<manifest", "package", project.package),
        ("<application", "android:extractNativeLibs", "false"),
    ):
        if f" {attribute}=" in text:
            raise ToolchainError(f"{source}: leave out {attribute}, which both builds add")
        text = text.replace(element, f'{element} {attribute}="{value}"', 1)
    project.layout.manifest.parent.mkdir(parents=True, exist_ok=True)
    project.layout.manifest.write_text(text, encoding="utf-8")
    return project.layout.manifest


def compile_classes(project: Project) -> None:
    """Compile R, core and the app."""
    layout = project.layout
    generated = files_of(layout.work / "generated", suffix=".java")
    project.steps.run(
        "javac R",
        [*generated, *project.inputs([project.android])],
        [layout.classes("resources")],
        lambda: project.javac("resources", generated, [project.android]),
    )
    core = files_of(layout.core / "src" / "main" / "kotlin", suffix=".kt")
    compiled = [layout.classes("app"), layout.classes("resources")]
    platform = [project.android, *project.stdlib]
    if core:
        compiled.insert(1, layout.classes("core"))
        compile_kotlin(project, "core", core, platform)
    app = files_of(layout.main / "kotlin", suffix=".kt")
    compile_kotlin(project, "app", app, [*platform, *project.libraries, *compiled[1:]])


def compile_kotlin(
    project: Project, module: str, sources: list[Path], class_path: list[Path]
) -> None:
    """Compile one module of Kotlin, if it or what it is compiled against changed."""
    classes = project.layout.classes(module)

    def action() -> None:
        empty(classes)
        project.kotlinc(module, sources, class_path)

    reads = [*sources, *project.inputs(class_path)]
    project.steps.run(f"kotlinc {module}", reads, [classes], action)


def app_classes(project: Project) -> list[Path]:
    """Return the folders with the compiled app: app, core, R."""
    found = (project.layout.classes(module) for module in ("app", "core", "resources"))
    return [path for path in found if path.is_dir()]


def shrink(project: Project) -> None:
    """Leave out what is never used, and turn the rest into dex."""
    layout = project.layout
    artifact = project.versions.library("r8")
    project.maven.fetch([artifact])
    classes = app_classes(project)
    rules = [layout.app / "proguard-rules.pro", layout.work / "resources.pro"]
    dex = layout.work / "dex"
    program = layout.work / "program.jar"
    shipped = [*project.libraries, *project.stdlib]
    minimum = project.versions.version("minSdk")

    def action() -> None:
        entries = {
            path.relative_to(folder).as_posix(): path
            for folder in classes
            for path in files_of(folder, suffix=".class")
        }
        with zipfile.ZipFile(program, "w") as jar:
            for name, path in sorted(entries.items()):
                add_entry(jar, name, path.read_bytes(), zipfile.ZIP_STORED)
        run(
            [
                *(*JAVA, "-Xmx1500m", "-cp", artifact.path, "com.android.tools.r8.R8"),
                *("--release", "--min-api", minimum),
                *("--lib", project.android, "--lib", project.java_home),
                *(part for rule in rules if rule.exists() for part in ("--pg-conf", rule)),
                *("--pg-map-output", layout.out / "mapping.txt"),
                *("--output", empty(dex), program),
                *shipped,
            ]
        )

    reads = [
        *project.inputs([*classes, *shipped, project.android, artifact.path]),
        *filter(Path.exists, rules),
        minimum,
    ]
    project.steps.run("R8", reads, [dex], action)


def package(project: Project) -> None:
    """Put resources, dex and native libraries together; align and sign."""
    layout = project.layout
    dex = files_of(layout.work / "dex", suffix=".dex")
    natives = [(abi, path) for abi in ABIS for path in files_of(layout.natives(abi))]
    plain, aligned = layout.work / "plain.apk", layout.work / "aligned.apk"
    key = layout.out / "debug.keystore"

    def action() -> None:
        with zipfile.ZipFile(layout.base) as base, zipfile.ZipFile(plain, "w") as archive:
            for entry in base.infolist():
                # Not left to aapt2: Debian's compresses assets whatever -0 says.
                mapped = entry.filename.endswith(f".{UNCOMPRESSED}")
                compression = zipfile.ZIP_STORED if mapped else entry.compress_type
                add_entry(archive, entry.filename, base.read(entry), compression)
            for path in dex:
                add_entry(archive, path.name, path.read_bytes(), zipfile.ZIP_DEFLATED)
            for abi, path in natives:
                add_entry(archive, f"lib/{abi}/{path.name}", path.read_bytes(), zipfile.ZIP_STORED)
        run(["zipalign", "-f", "-p", "4", plain, aligned])
        _sign(project, aligned, key)

    if not key.exists():
        _make_key(key)
    reads = [layout.base, *dex, *(path for _, path in natives), key]
    project.steps.run("zip, align, sign", reads, [layout.apk], action)


def add_entry(archive: zipfile.ZipFile, name: str, content: bytes, compression: int) -> None:
    """Write one file into an archive, without a date."""
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = compression
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


def _make_key(key: Path) -> None:
    """Make a key to sign with, once: an installed app is only replaced by one of the same key."""
    key.parent.mkdir(parents=True, exist_ok=True)
    run(
        [
            *("keytool", "-genkeypair", "-keystore", key, "-alias", "androiddebugkey"),
            *("-storepass", PASSWORD, "-keypass", PASSWORD, "-keyalg", "RSA"),
            *("-keysize", "2048", "-validity", "10000"),
            *("-dname", "CN=Android Debug,O=Android,C=US"),
        ]
    )


def _sign(project: Project, aligned: Path, key: Path) -> None:
    """Sign by schemes 2 and 3; phones from Android 7 on know the former."""
    run(
        [
            *("apksigner", "sign", "--ks", key, "--ks-pass", f"pass:{PASSWORD}"),
            *("--min-sdk-version", project.versions.version("minSdk")),
            *("--v1-signing-enabled", "false", "--v2-signing-enabled", "true"),
            *("--v3-signing-enabled", "true", "--v4-signing-enabled", "false"),
            *("--out", project.layout.apk, aligned),
        ]
    )


def check(project: Project) -> None:
    """Check the APK: signature, alignment, what is stored, and the manifest's classes.

    Raises:
        ToolchainError: it would not install, or would crash at its start.
    """
    apk = project.layout.apk
    project.steps.run("check the APK", [apk], [apk], lambda: _check(project))


def _check(project: Project) -> None:
    """Do what :func:`check` says."""
    apk = project.layout.apk
    minimum = project.versions.version("minSdk")
    run(["apksigner", "verify", "--min-sdk-version", minimum, apk])
    run(["zipalign", "-c", "-p", "4", apk])
    with zipfile.ZipFile(apk) as archive:
        for entry in archive.infolist():
            mapped = entry.filename.endswith((".so", f".{UNCOMPRESSED}"))
            if mapped and entry.compress_type != zipfile.ZIP_STORED:
                raise ToolchainError(f"{apk.name}: {entry.filename} is compressed")
    shown = "".join(
        run(["dexdump", path]) for path in files_of(project.layout.work / "dex", suffix=".dex")
    )
    present = set(re.findall(r"Class descriptor\s*: 'L([^;]+);'", shown))
    for name in components(run(["aapt2", "dump", "xmltree", "--file", "AndroidManifest.xml", apk])):
        if name.replace(".", "/") not in present:
            raise ToolchainError(f"{apk.name}: the manifest's {name} is not in the dex files")


def components(tree: str) -> list[str]:
    """Return the classes that a manifest names, from aapt2's view of it."""
    package = re.search(r'A: package="([^"]+)"', tree)
    prefix = f"{package[1]}." if package else ""
    found: list[str] = []
    element = ""
    for line in tree.splitlines():
        if start := re.match(r"\s*E: ([\w-]+)", line):
            element = start[1]
        named = re.match(r'\s*A: (?:\S+:)?name\([^)]*\)="([^"]+)"', line)
        if named and element in {"application", "activity", "service", "receiver", "provider"}:
            relative = named[1].startswith(".") or "." not in named[1]
            found.append(prefix + named[1].removeprefix(".") if relative else named[1])
    return found
