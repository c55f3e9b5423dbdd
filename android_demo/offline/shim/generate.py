"""Lists the C functions that an Android library needs and that are the same in glibc.

``python generate.py libtensorflowlite_jni.so > symbols.def``
"""

import re
import subprocess
import sys
from pathlib import Path

BIONIC = Path(__file__).parent / "bionic.c"


def needed(library: Path) -> list[str]:
    """Return what a library cannot do without, by readelf."""
    shown = subprocess.run(
        ["readelf", "--dyn-syms", "--wide", library], capture_output=True, text=True, check=True
    ).stdout
    rows = (line.split() for line in shown.splitlines())
    # number, address, size, type, binding, visibility, section, name
    found = {
        row[7].partition("@")[0]
        for row in rows
        if len(row) >= 8 and row[6] == "UND" and row[4] == "GLOBAL"
    }
    return sorted(found)


def written_out() -> set[str]:
    """Return the functions that bionic.c has itself."""
    return {*re.findall(r"^EXPORT\((\w+)\);", BIONIC.read_text(), re.MULTILINE)} | {
        "__android_log_vprint"
    }


def symbols(library: Path) -> str:
    """Return symbols.def for a library."""
    names = [name for name in needed(library) if name not in written_out()]
    return "".join(f"SYMBOL({name})\n" for name in names)


if __name__ == "__main__":
    print(symbols(Path(sys.argv[1])), end="")
