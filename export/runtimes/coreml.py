"""Execute a Core ML file from disk: by our reference runtime anywhere, by Apple's on macOS."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import coreml_reference
from export.coreml_errors import as_user_errors
from export.suppress_output import suppress_output
from facestyle.contract import Contract, Kind
from facestyle.errors import UserError
from facestyle.image_range import MAXIMUM
from facestyle.images import to_image


class ReferenceFile:
    """A loaded file, executed by ``coreml_reference``.

    Raises:
        UserError: when the file is damaged or holds what the runtime does not know.
    """

    def __init__(self, path: Path, contract: Contract) -> None:
        self.path, self.contract = path, contract
        with as_user_errors(path):
            self.model = coreml_reference.load(path)

    def run(self, inputs: Sequence[Tensor]) -> Tensor:
        """Execute on inputs in the contract's order and shapes; so the output, in its port's range.

        An image is what the network gave, before a phone rounds it to 8 bits.

        Raises:
            UserError: when the file's inputs or outputs are not the contract's.
        """
        (output,) = self.contract.outputs
        given = {
            port.name: port.to_unit(value) * MAXIMUM if port.kind is Kind.IMAGE else value
            for port, value in zip(self.contract.inputs, inputs)
        }
        with as_user_errors(self.path):
            results = self.model.run(given)
        if output.name not in results:
            raise UserError(f"{self.path}: no output {output.name}")
        result = results[output.name].float()
        return output.from_unit(result / MAXIMUM) if output.kind is Kind.IMAGE else result


class AppleFile:
    """A loaded file, executed by Core ML, which only macOS has.

    Raises:
        UserError: elsewhere than on macOS.
    """

    def __init__(self, path: Path, contract: Contract) -> None:
        if platform.system() != "Darwin":
            raise UserError("Core ML itself runs on macOS only; coreml_reference runs anywhere")
        self.contract = contract
        with suppress_output("coremltools"):
            import coremltools as ct

            self.model = ct.models.MLModel(str(path))

    def run(self, inputs: Sequence[Tensor]) -> Tensor:
        """Execute on inputs in the contract's order and shapes; images come back in 8 bits."""
        (output,) = self.contract.outputs
        given: dict[str, Any] = {
            port.name: to_image(port.to_unit(value)) if port.kind is Kind.IMAGE else value.numpy()
            for port, value in zip(self.contract.inputs, inputs)
        }
        result = self.model.predict(given)[output.name]
        if output.kind is not Kind.IMAGE:
            return torch.from_numpy(np.asarray(result, np.float32)).reshape(output.shape)
        pixels = np.asarray(result.convert("RGB"), np.float32)
        return output.from_unit(torch.from_numpy(pixels).permute(2, 0, 1)[None] / MAXIMUM)
