"""All judges, and what they say of one painted photo."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from benchmarks.quality import (
    artifact_metrics,
    auxiliary_metrics,
    boxes,
    colour_metrics,
    hed,
    motion,
    style_metrics,
)
from benchmarks.quality.boxes import Box
from benchmarks.quality.hed import HED, NoHED
from benchmarks.quality.identity_metrics import (
    FaceDescription,
    IdentityNetworks,
    NoDlib,
    drift,
    identity_distance,
)
from benchmarks.quality.metrics import PARTS, PER_PAIR, Values
from benchmarks.quality.motion import Motion
from benchmarks.quality.structure_metrics import structure
from benchmarks.quality.style_metrics import Style
from facestyle import images
from train.auxiliary.registry import DEPTH, FACE, PERCEPTUAL, Record, load


@dataclass(frozen=True)
class Photo:
    """A photo and all that is compared with it.

    Attributes:
        name: of the photo.
        image: (1, 3, H, W) in [0, 1].
        box: of the face; None if there is none.
        arrangement: see ``style_metrics.arrangement``.
        rim: see ``artifact_metrics.rim_shift``.
        calm: see ``colour_metrics.calm``.
        depth: (1, 1, H, W), metres.
        parts: (H, W).
        face: (H, W), where in the box its parts are.
        identity: None if no face was detected, or dlib is not installed.
        motion: to the second frame.
        second: the second frame.
        own_error: the photo's own ``motion.warp_error``.
    """

    name: str
    image: Tensor
    box: Box | None
    arrangement: Tensor
    rim: Tensor
    calm: Tensor
    depth: Tensor
    parts: Tensor
    face: Tensor
    identity: FaceDescription | None
    motion: Motion
    second: Tensor
    own_error: float


@dataclass(frozen=True)
class Painting:
    """What is compared with a painting.

    Attributes:
        style: by the perceptual network.
        marks: see ``style_metrics.marks``.
        second: style by HED's VGG-16; None if that is not installed.
    """

    style: Style
    marks: Style
    second: Style | None


class Judges:
    """The networks that judge.

    Attributes:
        notes: what cannot be measured here, and why.
    """

    def __init__(self, perceptual: str) -> None:
        self.notes: list[str] = []
        self._perceptual = load(PERCEPTUAL, perceptual)
        self._depth = load(DEPTH, auxiliary_metrics.DEPTH)
        self._parser = load(FACE, auxiliary_metrics.PARSING)
        self._identity: IdentityNetworks | None = None
        try:
            self._identity = IdentityNetworks()
        except NoDlib as error:
            self.notes.append(str(error))
        self._hed: HED | None = None
        try:
            self._hed = HED()
        except NoHED as error:
            self.notes.append(str(error))

    def records(self) -> dict[str, Record]:
        """Our own networks among them, by kind: did they take part in a model's training?"""
        own = (self._perceptual, self._depth, self._parser)
        return {network.kind: network.record() for network in own}

    @property
    def sees_identity(self) -> bool:
        """Whether landmarks and identity can be judged."""
        return self._identity is not None

    @property
    def has_second(self) -> bool:
        """Whether HED's VGG-16 judges style too."""
        return self._hed is not None

    def painting(self, image: Tensor) -> Painting:
        """What is compared with a painting (1, 3, H, W)."""
        style, _ = style_metrics.look(self._perceptual, image)
        marks = style_metrics.marks(self._perceptual, image)
        return Painting(style, marks, None if self._hed is None else self._hed.look(image))

    def photo(self, name: str, image: Tensor, given: Box | None) -> Photo:
        """Look at a photo.

        Args:
            name: which also seeds its motion.
            image: (1, 3, H, W) in [0, 1].
            given: the face's box, if the user knows it.
        """
        height, width = image.shape[-2:]
        parts = auxiliary_metrics.part_ids(self._parser, image)
        identity = self._find(image, given)
        detected = None if identity is None else identity.box
        box = given or detected or boxes.of_parts(parts)
        box = None if box is None else box.clipped(height, width)
        moving = motion.motion_of(name)
        second = motion.move(image, moving)
        return Photo(
            name=name,
            image=image,
            box=box,
            arrangement=style_metrics.look(self._perceptual, image)[1],
            rim=artifact_metrics.rim_shift(image),
            calm=colour_metrics.calm(image),
            depth=auxiliary_metrics.depth_map(self._depth, image),
            parts=parts,
            face=boxes.face_pixels(parts) & (False if box is None else box.mask(height, width)),
            identity=identity,
            motion=moving,
            second=second,
            own_error=motion.warp_error(image, second, moving),
        )

    def judge(
        self, photo: Photo, painting: Painting, first: Tensor, second: Tensor | None
    ) -> Values:
        """The figures of one painted photo, all of ``metrics.PER_PAIR`` and ``metrics.PARTS``.

        Args:
            photo: which was painted.
            painting: like which.
            first, second: both frames painted, (1, 3, H, W), as the network gives them. Without
                the second one nothing is told of motion.
        """
        image = images.eight_bit(first)
        own, arrangement = style_metrics.look(self._perceptual, image)
        values: dict[str, float | None] = {
            "style": style_metrics.style_loss(own, painting.style),
            "gram": style_metrics.gram_distance(own, painting.style),
            "stroke": style_metrics.gram_distance(
                style_metrics.marks(self._perceptual, image), painting.marks
            ),
            "content": style_metrics.content_loss(arrangement, photo.arrangement),
            "parsing": auxiliary_metrics.parsing_agreement(
                auxiliary_metrics.part_ids(self._parser, image), photo.parts
            ),
            "flat": colour_metrics.flat(image, photo.calm),
            "border": artifact_metrics.border(image, photo.rim),
        }
        if second is not None:
            values |= _unsteadiness(photo, first, second)
        if self._hed is not None and painting.second is not None:
            seen = self._hed.look(image)
            values["judge_style"] = hed.statistics_distance(seen, painting.second)
            values["judge_gram"] = style_metrics.gram_distance(seen, painting.second)
        if photo.box is not None:
            depth = auxiliary_metrics.depth_map(self._depth, image)
            values |= structure(image, photo.image, photo.box)
            values["face_patch"] = colour_metrics.face_patch(image, photo.image, photo.box)
            values["depth_mm"] = auxiliary_metrics.depth_error_mm(depth, photo.depth, photo.face)
        values |= self._compare(image, photo.identity)
        keys = (*(metric.key for metric in PER_PAIR), *PARTS)
        return {key: finite(values.get(key)) for key in keys}

    def _find(self, image: Tensor, given: Box | None) -> FaceDescription | None:
        if self._identity is None:
            return None
        box = self._identity.find(image, given)
        return None if box is None else self._identity.describe(image, box)

    def _compare(self, image: Tensor, photo: FaceDescription | None) -> Mapping[str, float]:
        if self._identity is None or photo is None:
            return {}
        if self._identity.find(image, photo.box) is None:
            return {"faces_lost": 1.0}
        own = self._identity.describe(image, photo.box)
        return {
            "faces_lost": 0.0,
            "landmarks": drift(own.points, photo.points),
            "identity": identity_distance(own, photo),
        }


def _unsteadiness(photo: Photo, first: Tensor, second: Tensor) -> dict[str, float | None]:
    """The error under the photo's motion, over the photo's own, and over the least there can be."""
    error = motion.warp_error(first, second, photo.motion)
    floor = motion.floor_error(first.clamp(0, 1), photo.motion)
    return {
        "warp": error / photo.own_error,
        "warp_floor": error / floor if floor else None,
        "warp_rms": error,
        "floor_rms": floor,
    }


def read_photo(whole: Tensor, size: tuple[int, int], box: Box | None) -> tuple[Tensor, Box | None]:
    """A photo as it is judged, and where a box that was given for it lies then.

    Args:
        whole: (1, 3, h, w), as it is stored.
        size: height and width at which it is judged.
        box: in ``whole``.
    """
    height, width = whole.shape[-2:]
    moved = None if box is None else boxes.covered(box, (height, width), size)
    return images.cover(whole, *size), moved


def finite(value: float | None) -> float | None:
    """A figure that JSON can hold."""
    return value if value is not None and math.isfinite(value) else None
