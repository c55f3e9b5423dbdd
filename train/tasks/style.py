"""Train a style network: the methods of paper 1, and any mix of terms."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from facestyle import checkpoint
from facestyle.checkpoint import Checkpoint
from facestyle.errors import UserError, unknown
from facestyle.networks import NETWORKS, StyleNetwork
from facestyle.presets import DEFAULT
from train.auxiliary.face_classes import colorize, most_likely
from train.auxiliary.perceptual import Perceptual, WholeVGG
from train.auxiliary.registry import DEPTH, FACE, PERCEPTUAL, Auxiliary, AuxiliaryNetworks, load
from train.auxiliary.resnet import STRIDE
from train.data.batches import BatchConfig, Batches
from train.data.sets import open_source
from train.objectives import motion
from train.objectives.face import face_mask
from train.objectives.loss_inputs import (
    FACE_MASK,
    FRAMES,
    QUANTIZED,
    Frames,
    ImageFeatures,
    LossInputs,
)
from train.objectives.terms import select
from train.quantization_noise import Caller
from train.recipe import Recipe, StrengthSpec
from train.tasks.sample_grid import shade, tile
from train.tasks.task import Task

SAMPLES = 4
"""Pairs in a sample grid."""


class StyleTask(Task):
    """A style network, the auxiliary networks of its loss, and its photos and paintings."""

    provides: ClassVar[frozenset[str]] = frozenset({FACE_MASK, FRAMES, QUANTIZED})
    """What of ``train.objectives.loss_inputs`` a term can need."""
    student: StyleNetwork

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.terms = select(recipe, self.provides)
        self.layers = {
            name: recipe.terms[name].layers or term.layers for name, term in self.terms.items()
        }
        self.needs = frozenset().union(*(term.needs for term in self.terms.values()))
        data = recipe.data
        self.content = self._batches(data.content, "content", 0, data.jitter, data.zoom)
        self.style = self._batches(data.style, "style", 1, data.style_jitter, data.style_zoom)
        start = _start(recipe)
        self.student = start.network
        self.began_from = (start.metadata,) if recipe.start else ()
        self.student.train()
        self.caller = Caller(self.student)
        own = self.student.perceptual_layer
        self.looked_at = frozenset([own] if own else []).union(*self.layers.values())
        size, stride = recipe.data.size, self.student.stride
        if size % stride:
            raise UserError(f"recipe: data.size must be a multiple of {stride}, not {size}")
        kinds = frozenset().union(*(term.auxiliary() for term in self.terms.values()))
        if size < STRIDE and kinds - {PERCEPTUAL}:
            raise UserError(f"recipe: data.size must be at least {STRIDE} for these terms")
        # After the student: the part that it shares with it must stay in evaluation mode.
        self.auxiliary = AuxiliaryNetworks(
            kinds | ({PERCEPTUAL} if self.looked_at else set()),
            recipe.auxiliary,
            _shared(recipe, self.student) if own else None,
        )

    def _batches(
        self, sources: tuple[str, ...], option: str, seed: int, jitter: float, zoom: float
    ) -> Batches:
        if not sources:
            raise UserError(f"no images to learn from; give --{option} FOLDER (or a tar file)")
        data = self.recipe.data
        config = BatchConfig(
            size=data.size,
            short_side=data.short_side,
            batch=self.recipe.batch,
            seed=self.recipe.seed + seed,
            jitter=jitter,
            zoom=zoom,
        )
        samples = [sample for source in sources for sample in open_source(source)]
        return Batches(samples, config)

    def batch(self, step: int, rank: int, world: int) -> dict[str, Tensor]:
        """Photos, paintings (n, 3, S, S), strengths (n,) and the offset of the crop (2,).

        Where frames are wanted, also the motions of half of the photos (n / 2, 3), in [-1, 1], and
        the second frames' noise (n / 2, 3, S, S).
        """
        recipe = self.recipe
        rng = np.random.default_rng((recipe.seed, step, 2))
        strength = random_strengths(recipe.batch, recipe.strength, rng)[rank::world]
        batch = {
            "photo": self.content.at(step, rank, world)["image"],
            "painting": self.style.at(step, rank, world)["image"],
            "strength": strength,
            "offset": torch.from_numpy(rng.integers(0, recipe.data.shift + 1, 2)),
        }
        if FRAMES in self.needs:
            moved, size = max(1, len(strength) // 2), recipe.data.size
            rng = np.random.default_rng((recipe.seed, step, 3, rank))
            batch["motion"] = torch.from_numpy(rng.uniform(-1, 1, (moved, 3)).astype(np.float32))
            noise = rng.standard_normal((moved, 3, size, size), dtype=np.float32)
            batch["noise"] = torch.from_numpy(noise)
        return batch

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Mean of every term over the batch."""
        inputs = self.loss_inputs(batch)
        return {
            name: term.compute(inputs, self.layers[name]).mean()
            for name, term in self.terms.items()
        }

    def loss_inputs(self, batch: dict[str, Tensor]) -> LossInputs:
        """Paint the photos and look at everything."""
        photo = batch["photo"].contiguous(memory_format=torch.channels_last)
        painting = batch["painting"].contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            features = self.auxiliary.features(painting, self.looked_at)
            seen_painting = ImageFeatures(painting, features)
            seen_photo = self._look_at_photo(photo, batch["offset"])
        strength = batch["strength"][:, None, None, None]
        output, code = self._paint(photo, painting, strength, seen_photo, seen_painting)
        seen_output = self._look(output, batch["offset"])
        return LossInputs(
            frames=self._move(batch, photo, output, code) if "motion" in batch else None,
            quantized=self._quantize(photo, painting, strength)
            if QUANTIZED in self.needs
            else None,
            output=self._related(seen_output, seen_photo),
            photo=self._related(seen_photo, seen_photo),
            painting=seen_painting,
            strength=batch["strength"],
        )

    def _look(self, image: Tensor, offset: Tensor) -> ImageFeatures:
        shift = self.recipe.data.shift
        shifted = image
        if shift:
            window = torch.arange(image.shape[-1] - shift, device=image.device)
            rows, columns = window + offset[0], window + offset[1]
            shifted = image.index_select(2, rows).index_select(3, columns)
        return ImageFeatures(
            image=image,
            features=self.auxiliary.features(shifted, self.looked_at),
            seen=self.auxiliary.see(self.needs, image),
        )

    def _look_at_photo(self, photo: Tensor, offset: Tensor) -> ImageFeatures:
        found = self._look(photo, offset)
        if FACE_MASK not in self.needs:
            return found
        parts = found.seen[FACE] if FACE in found.seen else self.auxiliary.see([FACE], photo)[FACE]
        return replace(found, face_mask=face_mask(parts, *photo.shape[-2:]))

    def _move(
        self, batch: dict[str, Tensor], photo: Tensor, output: Tensor, code: Tensor
    ) -> Frames:
        """Move the first of the photos, paint them again, and let their output follow."""
        right, down, zoom = batch["motion"].unbind(1)
        count = len(zoom)
        grid = motion.grid(
            motion.LONGEST_SHIFT * right,
            motion.LONGEST_SHIFT * down,
            1 + motion.ZOOM * zoom,
            *photo.shape[-2:],
        )
        moved = motion.move(photo[:count], grid) + motion.NOISE * batch["noise"]
        strength = batch["strength"][:count, None, None, None]
        moved = moved.clamp(0, 1).contiguous(memory_format=torch.channels_last)
        second = self.caller("stylize", moved, code[:count], strength)
        return Frames(motion.follow(output[:count].float(), grid), second, motion.visible(grid))

    def _quantize(self, photo: Tensor, painting: Tensor, strength: Tensor) -> Tensor:
        """The last of the photos, those that do not move, painted as an 8-bit file would."""
        last = slice(-max(1, len(photo) // 4), None)
        with self.caller.quantized() as call:
            return call(
                "stylize", photo[last], call("encode_style", painting[last]), strength[last]
            )

    def _related(self, found: ImageFeatures, photo: ImageFeatures) -> ImageFeatures:
        """In metres, for depth losses; where a network knows no unit, the photo sets one."""
        return replace(found, seen=self.auxiliary.relate(found.seen, photo.seen))

    def _paint(
        self,
        photo: Tensor,
        painting: Tensor,
        strength: Tensor,
        seen: ImageFeatures,
        style: ImageFeatures,
    ) -> tuple[Tensor, Tensor]:
        """The output and the paintings' style codes."""
        layer = self.student.perceptual_layer
        if layer and not self.recipe.data.shift:
            # Its frozen encoder is the perceptual network: what that saw is not computed again.
            return self.student.paint_encoded(
                seen.features[layer].full, style.features[layer].full, strength
            )
        code = self.caller("encode_style", painting)
        return self.caller("stylize", photo, code, strength), code

    sample_caption = (
        "photo, painting, painted; then depth and face parts of both, where terms need them"
    )

    @torch.no_grad()
    def sample_grid(self) -> Image.Image:
        """Fixed pairs, painted at full strength."""
        device = next(self.student.parameters()).device
        batch = {
            "photo": self.content.at(0)["image"][:SAMPLES].to(device),
            "painting": self.style.at(0)["image"][:SAMPLES].to(device),
            "offset": torch.zeros(2, dtype=torch.int64, device=device),
        }
        batch["strength"] = torch.ones(len(batch["photo"]), device=device)
        inputs = self.loss_inputs(batch)
        photo, output = inputs.photo.seen, inputs.output.seen
        rows = []
        for index in range(len(batch["photo"])):
            row = [batch["photo"][index], batch["painting"][index], inputs.output.image[index]]
            if DEPTH in photo:
                row += [shade(photo[DEPTH][index])]
                row += [shade(output[DEPTH][index], like=photo[DEPTH][index])]
            if FACE in photo:
                row += [_parts(photo[FACE][index]), _parts(output[FACE][index])]
            rows.append(row)
        return tile(rows)

    def described(self) -> dict[str, dict[str, str]]:
        """Of the one network."""
        return {self.recipe.network: checkpoint.describe(self.student)}

    def save(self, path: Path, metadata: dict[str, str]) -> None:
        """Write the network as a checkpoint that ``facestyle export`` takes."""
        state = self.student.state_dict()
        made = Checkpoint(
            self.recipe.network, self.student, checkpoint.fingerprint(state), metadata
        )
        checkpoint.save(made, path)

    def skipped(self) -> dict[str, str]:
        """Damaged photos and paintings."""
        return {**self.content.skipped, **self.style.skipped}

    def next_command(self, result: Path) -> str:
        """Export."""
        preset = "" if self.recipe.network == DEFAULT else f" --preset {self.recipe.network}"
        return f"facestyle export --checkpoint {shlex.quote(str(result))}{preset} --out build"


def random_strengths(count: int, spec: StrengthSpec, rng: np.random.Generator) -> Tensor:
    """(count,): 1 for a part ``full`` of the instances, 0 for a part ``none``, else uniform."""
    kind, uniform = rng.random(count), rng.random(count)
    strength = np.where(kind < spec.full, 1.0, np.where(kind < spec.full + spec.none, 0.0, uniform))
    return torch.from_numpy(strength.astype(np.float32))


def _parts(logits: Tensor) -> Tensor:
    height, width = logits.shape[-2:]
    return colorize(most_likely(logits[None], height, width))[0].float() / 255


def _start(recipe: Recipe) -> Checkpoint:
    """The network to train, as it starts."""
    if recipe.network not in NETWORKS:
        raise unknown("network", recipe.network, NETWORKS)
    if not recipe.start:
        return checkpoint.untrained(recipe.network, recipe.seed)
    path = None if recipe.start == "shipped" else Path(recipe.start)
    return checkpoint.load(path, recipe.network)


def _shared(recipe: Recipe, student: StyleNetwork) -> dict[str, Auxiliary]:
    """The perceptual network of a student that paints from one: the student's own encoder."""
    encoder, source = student.get_submodule("encoder"), recipe.start
    if not recipe.start:
        source = recipe.auxiliary[PERCEPTUAL]
        whole = cast(Perceptual, load(PERCEPTUAL, source).network).encoder
        if whole is None:
            raise UserError(
                f"the network {recipe.network} is trained with a whole VGG-19, not a distilled "
                "one: give torchvision's or the normalised VGG with --perceptual FILE, or train "
                f"--network {DEFAULT}"
            )
        encoder.load_state_dict(whole.state_dict())
    # One set of weights: what the network encodes with is what the losses look with.
    encoder.requires_grad_(False)
    return {PERCEPTUAL: Auxiliary(PERCEPTUAL, source, WholeVGG(encoder))}
