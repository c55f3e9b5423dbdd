"""Whether it is still the same face: landmarks and identity, by networks that trained nothing.

dlib (Boost licence) and its models, independent of this project: a HOG face detector; a landmark
predictor of 68 points, trained on iBUG 300-W, whose terms allow no commercial use: it is not
shipped, only used to measure; a predictor of 5 points and a ResNet that describes faces, both
CC0. The wheel ``dlib-bin`` brings the code, ``face_recognition_models`` the files.
"""

from __future__ import annotations

import importlib.util
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.quality.boxes import Box
from facestyle import images
from facestyle.dependencies import install_command
from facestyle.errors import UserError

Points = NDArray[np.float64]

PACKAGE = "face_recognition_models"

FILES = {
    "points": "shape_predictor_68_face_landmarks",
    "eyes": "shape_predictor_5_face_landmarks",
    "descriptor": "dlib_face_recognition_resnet_model_v1",
}

OUTER_CORNERS = (36, 45)
"""Of the eyes, among the 68 points."""

ENLARGED = 1
"""Doublings before the detector looks, which needs faces of 80 pixels: so 40 are enough."""


FINE_SIDE = 400
"""Pixels of a face's side from which on landmarks in whole pixels are fine enough."""


class NoDlib(UserError):
    """dlib or its models are not installed."""


@dataclass(frozen=True)
class FaceDescription:
    """A face as the judges see it.

    Attributes:
        box: where.
        points: (68, 2), x and y in pixels.
        descriptor: (128,); of one person's photos they are less than 0.6 apart.
    """

    box: Box
    points: Points
    descriptor: NDArray[np.float64]


def drift(own: Points, photo: Points) -> float:
    """Root mean square distance of landmarks, as a share of the photo's inter-ocular distance.

    Args:
        own, photo: (68, 2).
    """
    left, right = (photo[index] for index in OUTER_CORNERS)
    distances = np.linalg.norm(own - photo, axis=1)
    return float(np.sqrt(np.mean(distances**2)) / np.linalg.norm(right - left))


def identity_distance(own: FaceDescription, photo: FaceDescription) -> float:
    """Euclidean distance of descriptors: 0 for the photo, 0.6 where dlib sees another person."""
    return float(np.linalg.norm(own.descriptor - photo.descriptor))


class IdentityNetworks:
    """Detector, landmarks and descriptor.

    Raises:
        NoDlib: when they are not installed.
    """

    def __init__(self) -> None:
        models = _models()
        try:
            import dlib
        except ModuleNotFoundError as error:
            raise _missing("dlib") from error
        self._dlib: Any = dlib
        self._detector = dlib.get_frontal_face_detector()
        self._points = dlib.shape_predictor(models["points"])
        self._eyes = dlib.shape_predictor(models["eyes"])
        self._descriptor = dlib.face_recognition_model_v1(models["descriptor"])

    def find(self, image: Tensor, near: Box | None = None) -> Box | None:
        """The largest face of a picture (1, 3, H, W), or of those that ``near`` may be of."""
        found = [
            Box(r.left(), r.top(), r.right() + 1, r.bottom() + 1)
            for r in self._detector(_pixels(image), ENLARGED)
        ]
        likely = [box for box in found if near is None or box.is_of(near)]
        return max(likely, key=lambda box: box.right - box.left, default=None)

    def describe(self, image: Tensor, box: Box) -> FaceDescription:
        """Landmarks and descriptor of the face in a box.

        Args:
            image: (1, 3, H, W) in [0, 1].
            box: as ``find`` gives it. For a painted photo best the photo's own: detectors step
                by several pixels, which is no drift of the face.
        """
        pixels, where = _pixels(image), self._rectangle(box)
        descriptor = self._descriptor.compute_face_descriptor(pixels, self._eyes(pixels, where))
        return FaceDescription(box, self._landmarks(image, box), np.array(descriptor))

    def _landmarks(self, image: Tensor, box: Box) -> Points:
        """In a picture that is enlarged first, because dlib gives whole pixels."""
        around = box.grown(0.5).clipped(*image.shape[-2:])
        assert around is not None, "what the detector finds is larger"
        part = around.cut(image)
        times = max(1, math.ceil(FINE_SIDE / (box.right - box.left)))
        height, width = part.shape[-2:]
        pixels = _pixels(images.resize(part, times * height, times * width))
        where = self._rectangle(box, times, around.left, around.top)
        points = np.array([(p.x, p.y) for p in self._points(pixels, where).parts()])
        return (points + 0.5) / times - 0.5 + (around.left, around.top)

    def _rectangle(self, box: Box, times: int = 1, left: int = 0, top: int = 0) -> Any:
        """dlib's, whose last row and column count; in a picture enlarged from a corner on."""
        return self._dlib.rectangle(
            times * (box.left - left),
            times * (box.top - top),
            times * (box.right - left) - 1,
            times * (box.bottom - top) - 1,
        )


def _pixels(image: Tensor) -> NDArray[np.uint8]:
    return np.ascontiguousarray(images.to_bytes(image[0]).permute(1, 2, 0).numpy())


def _models() -> dict[str, str]:
    """The models' files; their package is not imported, it needs a module long gone."""
    spec = importlib.util.find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise _missing(PACKAGE)
    files = {model: Path(folders[0]) / "models" / f"{name}.dat" for model, name in FILES.items()}
    if not all(file.is_file() for file in files.values()):
        raise _missing(f"the models of {PACKAGE}")
    return {model: str(file) for model, file in files.items()}


def _missing(name: str) -> NoDlib:
    return NoDlib(
        f"landmarks, identity and lost faces are not measured without {name}: "
        f"{install_command('bench')}"
    )
