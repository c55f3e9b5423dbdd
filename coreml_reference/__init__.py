"""A reference runtime for Core ML: executes saved models with PyTorch, on any system.

It reads an .mlpackage (an ML Program) or an .mlmodel (a neural network) from disk and executes it
operation by operation, in the precision that the file says::

    model = coreml_reference.load("stylizer.mlpackage")
    outputs = model.predict({"content": Image.open("photo.png")})

``load`` finds what cannot be executed. ``Model.predict`` takes and gives pictures and NumPy arrays,
``Model.run`` tensors. Errors are ``CoreMLError``s. Ops of ML Programs are in ``mlprogram.ops``,
layers of neural networks in ``neuralnetwork.layers``.
"""

from coreml_reference.errors import (
    CoreMLError,
    DamagedFile,
    UnsupportedOperation,
    WrongInput,
)
from coreml_reference.executor import Observer
from coreml_reference.features import Feature
from coreml_reference.model import Model, load

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
