"""A model repository whose configuration is code of its own, as hubs have them."""

from __future__ import annotations

import json
from pathlib import Path


def with_code(folder: Path) -> tuple[Path, Path]:
    """Make one.

    Returns:
        The repository, and a file that appears when its code is executed.
    """
    executed, source = folder / "executed", folder / "model"
    source.mkdir()
    (source / "own.py").write_text(
        "from pathlib import Path\n"
        "from transformers import PretrainedConfig\n"
        f"Path({str(executed)!r}).touch()\n"
        "class Own(PretrainedConfig):\n"
        "    model_type = 'own'\n"
    )
    config = {"model_type": "own", "auto_map": {"AutoConfig": "own.Own"}}
    (source / "config.json").write_text(json.dumps(config))
    return source, executed
