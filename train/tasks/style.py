"""Train a style network: the methods of paper 1, and any mix of terms."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from facestyle import checkpoint
from facestyle.adain import adain
from facestyle.checkpoint import Checkpoint
from facestyle.errors import UserError, unknown
from facestyle.networks import NETWORKS, StyleNetwork
from facestyle.networks.vgg19 import VGG19Network
from train.auxiliary.depth_model import standardise
from train.auxiliary.face_classes import colorize, most_likely
from train.auxiliary.resnet import STRIDE
from train.auxiliary.watchers import is_metric, load_depth, load_face
from train.data.batches import BatchConfig, Batches
from train.data.sets import open_source
from train.frozen import Frozen
from train.objectives import motion
from train.objectives.face import face_mask
from train.objectives.scene import Frames, Scene, View
from train.objectives.style import statistics
from train.objectives.terms import TERMS
from train.perceptual import WholeVGG, load_perceptual
from train.recipe import Recipe, StrengthSpec
from train.rounding import Caller
from train.tasks.sheet import shade, tile
from train.tasks.task import Task

SAMPLES = 4
"""Pairs on a sheet."""


class StyleTask(Task):
    """A style network, the frozen networks that watch it, and its photos and paintings."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        for name in recipe.weights:
            if name not in TERMS:
                raise unknown("term", name, TERMS)
        self.terms = {name: TERMS[name] for name in recipe.weights}
        self.layers = {
            name: recipe.terms[name].layers or term.layers for name, term in self.terms.items()
        }
        data = recipe.data
        self.content = self._batches(data.content, "content", 0, data.jitter, data.zoom)
        self.style = self._batches(data.style, "style", 1, data.style_jitter, data.style_zoom)
        self.student, perceptual = _networks(recipe)
        self.caller = Caller(self.student)
        # Last: the part that it shares with the student must stay in evaluation mode.
        self.perceptual = perceptual
        own = ["relu4_1"] if isinstance(self.student, VGG19Network) else []
        self.seen = frozenset(own).union(*self.layers.values())
        size, stride = recipe.data.size, cast(StyleNetwork, self.student).stride
        if size % stride:
            raise UserError(f"recipe: data.size must be a multiple of {stride}, not {size}")
        looks = self.terms.values()
        if size < STRIDE and any(t.depth or t.parts or t.face for t in looks):
            raise UserError(f"recipe: data.size must be at least {STRIDE} for these terms")
        self.depth = load_depth(recipe.auxiliary.depth) if any(t.depth for t in looks) else None
        self.parts, self.frames = any(t.parts for t in looks), any(t.frames for t in looks)
        self.rounded = any(t.rounded for t in looks)
        wanted = self.parts or any(t.face for t in looks)
        self.face = load_face(recipe.auxiliary.face) if wanted else None

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
        if self.frames:
            moved, size = max(1, len(strength) // 2), recipe.data.size
            rng = np.random.default_rng((recipe.seed, step, 3, rank))
            batch["motion"] = torch.from_numpy(rng.uniform(-1, 1, (moved, 3)).astype(np.float32))
            noise = rng.standard_normal((moved, 3, size, size), dtype=np.float32)
            batch["noise"] = torch.from_numpy(noise)
        return batch

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Mean of every term over the batch."""
        scene = self.scene(batch)
        return {
            name: term.compute(scene, self.layers[name]).mean() for name, term in self.terms.items()
        }

    def scene(self, batch: dict[str, Tensor]) -> Scene:
        """Paint the photos and look at everything."""
        photo = batch["photo"].contiguous(memory_format=torch.channels_last)
        painting = batch["painting"].contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            features = self.perceptual(painting, self.seen)
            seen_painting = View(painting, features)
            seen_photo = self._look_at_photo(photo, batch["offset"])
        strength = batch["strength"][:, None, None, None]
        output, code = self._paint(photo, painting, strength, seen_photo, seen_painting)
        seen_output = self._look(output, batch["offset"])
        return Scene(
            frames=self._move(batch, photo, output, code) if "motion" in batch else None,
            rounded=self._round(photo, painting, strength) if self.rounded else None,
            output=self._in_metres(seen_output, seen_photo),
            photo=self._in_metres(seen_photo, seen_photo),
            painting=seen_painting,
            strength=batch["strength"],
        )

    def _look(self, image: Tensor, offset: Tensor) -> View:
        shift = self.recipe.data.shift
        shifted = image
        if shift:
            window = torch.arange(image.shape[-1] - shift, device=image.device)
            rows, columns = window + offset[0], window + offset[1]
            shifted = image.index_select(2, rows).index_select(3, columns)
        return View(
            image=image,
            features=self.perceptual(shifted, self.seen),
            depth=None if self.depth is None else self.depth(image).float(),
            parts=self.face(image).float() if self.face is not None and self.parts else None,
        )

    def _look_at_photo(self, photo: Tensor, offset: Tensor) -> View:
        view = self._look(photo, offset)
        if self.face is None:
            return view
        parts = view.parts if view.parts is not None else self.face(photo).float()
        return replace(view, face=face_mask(parts, *photo.shape[-2:]))

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

    def _round(self, photo: Tensor, painting: Tensor, strength: Tensor) -> Tensor:
        """The last of the photos, those that do not move, painted as an 8-bit file would."""
        last = slice(-max(1, len(photo) // 4), None)
        with self.caller.rounding() as call:
            return call(
                "stylize", photo[last], call("encode_style", painting[last]), strength[last]
            )

    def _in_metres(self, view: View, photo: View) -> View:
        """For depth losses; where a network knows no unit, the photo sets one."""
        if self.depth is None or view.depth is None or photo.depth is None:
            return view
        if is_metric(self.depth):
            return view
        return replace(view, depth=standardise(view.depth, photo.depth))

    def _paint(
        self, photo: Tensor, painting: Tensor, strength: Tensor, seen: View, style: View
    ) -> tuple[Tensor, Tensor]:
        """The output and the paintings' style codes."""
        if isinstance(self.student, VGG19Network) and not self.recipe.data.shift:
            # Its frozen encoder is the perceptual network: what that saw is not computed again.
            mean, std = statistics(style.features["relu4_1"].full)
            mean, std = mean[..., None, None], std[..., None, None]
            mixed = adain(seen.features["relu4_1"].full, mean, std, strength)
            return self.student.decoder(mixed), torch.cat((mean, std), 1)
        code = self.caller("encode_style", painting)
        return self.caller("stylize", photo, code, strength), code

    sheet_caption = "photo, painting, painted; then depth and face parts of both, where watched"

    @torch.no_grad()
    def sheet(self) -> Image.Image:
        """Fixed pairs, painted at full strength."""
        device = next(self.student.parameters()).device
        batch = {
            "photo": self.content.at(0)["image"][:SAMPLES].to(device),
            "painting": self.style.at(0)["image"][:SAMPLES].to(device),
            "offset": torch.zeros(2, dtype=torch.int64, device=device),
        }
        batch["strength"] = torch.ones(len(batch["photo"]), device=device)
        scene = self.scene(batch)
        rows = []
        for index in range(len(batch["photo"])):
            row = [batch["photo"][index], batch["painting"][index], scene.output.image[index]]
            if scene.photo.depth is not None and scene.output.depth is not None:
                photo, output = scene.photo.depth[index], scene.output.depth[index]
                row += [shade(photo), shade(output, like=photo)]
            if scene.photo.parts is not None and scene.output.parts is not None:
                row += [_parts(scene.photo.parts[index]), _parts(scene.output.parts[index])]
            rows.append(row)
        return tile(rows)

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
        preset = "" if self.recipe.network == "mobile" else f" --preset {self.recipe.network}"
        return f"facestyle export --checkpoint {shlex.quote(str(result))}{preset} --out build"


def random_strengths(count: int, spec: StrengthSpec, rng: np.random.Generator) -> Tensor:
    """(count,): 1 for a part ``full`` of the instances, 0 for a part ``none``, else uniform."""
    kind, uniform = rng.random(count), rng.random(count)
    strength = np.where(kind < spec.full, 1.0, np.where(kind < spec.full + spec.none, 0.0, uniform))
    return torch.from_numpy(strength.astype(np.float32))


def _parts(logits: Tensor) -> Tensor:
    height, width = logits.shape[-2:]
    return colorize(most_likely(logits[None], height, width))[0].float() / 255


def _networks(recipe: Recipe) -> tuple[nn.Module, Frozen]:
    """The network to train, as it starts, and the perceptual network."""
    if recipe.network not in NETWORKS:
        raise unknown("network", recipe.network, NETWORKS)
    if recipe.start:
        path = None if recipe.start == "shipped" else Path(recipe.start)
        student = checkpoint.load(path, recipe.network).network
    else:
        student = checkpoint.untrained(recipe.network, recipe.seed).network
    student.train()
    if not isinstance(student, VGG19Network):
        return student, load_perceptual(recipe.auxiliary.perceptual)
    if not recipe.start:
        perceptual = load_perceptual(recipe.auxiliary.perceptual).network
        if not isinstance(perceptual, WholeVGG):
            raise UserError(
                "the network vgg19 is trained with a whole VGG-19, not a distilled one: give "
                "torchvision's or the normalised VGG with --perceptual FILE, or train "
                "--network mobile"
            )
        student.encoder.load_state_dict(perceptual.encoder.state_dict())
    # One set of weights: what the network encodes with is what the losses look with.
    student.encoder.requires_grad_(False)
    return student, Frozen(WholeVGG(student.encoder))
