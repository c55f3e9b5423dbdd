"""Where things lie."""

from dataclasses import dataclass
from pathlib import Path

OFFLINE = Path(__file__).resolve().parent.parent
DEMO = OFFLINE.parent
ABIS = ("arm64-v8a", "x86_64")


@dataclass(frozen=True)
class Layout:
    """The folders of one app: what is read, and what is made of it."""

    app: Path = DEMO / "app"
    core: Path = DEMO / "core"
    out: Path = DEMO / "out"

    @property
    def main(self) -> Path:
        """The app's own sources, resources and manifest."""
        return self.app / "src" / "main"

    @property
    def work(self) -> Path:
        """What is made on the way."""
        return self.out / "work"

    @property
    def apk(self) -> Path:
        """The signed app."""
        return self.out / "facestyle-demo.apk"

    @property
    def manifest(self) -> Path:
        """The manifest with the app's package."""
        return self.work / "AndroidManifest.xml"

    @property
    def base(self) -> Path:
        """The app's resources, manifest and assets, without code."""
        return self.work / "base.apk"

    def classes(self, module: str) -> Path:
        """Compiled classes: of ``core``, ``app``, ``resources`` (R), or of what tests need."""
        return self.work / "classes" / module

    def natives(self, abi: str) -> Path:
        """The native libraries of a processor, as the AARs have them."""
        return self.work / "natives" / abi
