"""A reference runtime for Core ML: executes saved models with PyTorch, on any system.

It reads an .mlpackage (an ML Program) or an .mlmodel (a neural network) from disk and executes it
operation by operation, in the precision that the file says. It needs torch, numpy, pillow and
coremltools' protocol buffers, and nothing else of this project.
"""

from coreml_reference.errors import (
    CoreMLError,
    DamagedFile,
    UnsupportedOperation,
    WrongInput,
)
from coreml_reference.features import Feature
from coreml_reference.model import Model, Observer, load

__all__ = [
    "CoreMLError",
    "DamagedFile",
    "Feature",
    "Model",
    "Observer",
    "UnsupportedOperation",
    "WrongInput",
    "load",
]
