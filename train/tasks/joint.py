"""Train style networks together, on one style encoder: one code serves them all.

Photos and paintings live on the device (``train.data.pool``), so that a GPU never waits for them
and a look may be moved by parts of a pixel: the second frame that flicker is measured on is a look
of its own, with other borders. Terms with targets are balanced (``train.balance``).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, cast

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from facestyle import checkpoint
from facestyle.checkpoint import Checkpoint
from facestyle.errors import UserError
from facestyle.networks import StyleNetwork
from train.auxiliary.perceptual import Features
from train.auxiliary.registry import DEPTH, FACE, HUB, PERCEPTUAL, AuxiliaryNetworks
from train.auxiliary.resnet import STRIDE
from train.balance import Balance
from train.data.pool import ImagePool, LookSpec, compose, draw_affine, draw_color, positions
from train.data.sets import open_source
from train.objectives import motion
from train.objectives.color import luminance_detail
from train.objectives.face import face_mask
from train.objectives.loss_inputs import (
    COARSE,
    FACE_MASK,
    FRAMES,
    MARKS,
    QUANTIZED,
    Frames,
    ImageFeatures,
    LossInputs,
)
from train.objectives.terms import Term, select
from train.quantization_noise import Caller
from train.recipe import Recipe, StrengthSpec
from train.tasks.family import Family, start
from train.tasks.sample_grid import tile
from train.tasks.task import Task

MASK_SIDE = 64
"""Of the face masks that are kept, in pixels."""

LONG_SHIFT = 3 / 16
"""Of the width: how far every second of the second frames is moved, so that the same place is seen
at different distances from a border; the others move as ``motion.LONGEST_SHIFT`` says."""

SAMPLES = 6
"""Pairs in a sample grid."""


class JointTask(Task):
    """The networks, what is learnt from, and the auxiliary networks of the loss."""

    provides: ClassVar[frozenset[str]] = frozenset({FACE_MASK, FRAMES, QUANTIZED, COARSE, MARKS})
    """What of ``train.objectives.loss_inputs`` a term can need."""
    sample_caption = "photo, painting, painted by each network"
    student: Family
    masks: Tensor | None

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.chosen = select(recipe, self.provides)
        needs = frozenset().union(*(term.needs for term in self.chosen.values()))
        kinds = frozenset().union(*(term.auxiliary() for term in self.chosen.values()))
        data, names = recipe.data, (recipe.network, *recipe.along)
        least = STRIDE if needs & {DEPTH, FACE} else 64
        if data.size % STRIDE or data.size < least:
            raise UserError(f"recipe: data.size must be a multiple of {STRIDE}, not {data.size}")
        self.content, self.photos = self._pool(data.content, "content")
        self.style, self.paintings = self._pool(data.style, "style")
        self.looks = LookSpec(
            data.short_side, data.size, data.closest, data.zoom, jitter=data.jitter
        )
        self.style_looks = LookSpec(
            data.short_side,
            data.size,
            data.style_closest,
            data.style_zoom,
            turn=True,
            jitter=data.style_jitter,
            hues=data.hues,
        )
        self.student, self.began_from = start(recipe)
        self.callers = nn.ModuleDict(
            {name: Caller(network) for name, network in self.student.networks.items()}
        )
        self.balances = nn.ModuleDict(
            {
                name: Balance(
                    recipe.weights,
                    {
                        term: spec.targets[name]
                        for term, spec in recipe.terms.items()
                        if spec.weight and name in spec.targets
                    },
                )
                for name in names
            }
        )
        if DEPTH in kinds and recipe.auxiliary[DEPTH].startswith(HUB):
            raise UserError("the task joint needs a depth network in metres, not one of the hub")
        if _layers(recipe, self.chosen):
            kinds |= {PERCEPTUAL}
        self.auxiliary = AuxiliaryNetworks(kinds, recipe.auxiliary)
        masks = self._face_masks() if FACE_MASK in needs else None
        self.register_buffer("masks", masks, persistent=False)
        self.enter(0)

    def _pool(self, sources: tuple[str, ...], option: str) -> tuple[ImagePool, np.ndarray]:
        """The images of all sources, and their numbers, as often as their source is named."""
        if not sources:
            raise UserError(f"no images to learn from; give --{option} FOLDER (or a tar file)")
        data, workers = self.recipe.data, self.recipe.engine.workers
        samples = {source: open_source(source) for source in sources}
        pool = ImagePool([s for each in samples.values() for s in each], data.short_side, workers)
        of_source = np.repeat(list(samples), [len(each) for each in samples.values()])[pool.kept]
        return pool, np.concatenate([np.flatnonzero(of_source == source) for source in sources])

    @torch.inference_mode()
    def _face_masks(self) -> Tensor:
        """(N, 1, MASK_SIDE, MASK_SIDE) uint8: where the photos' faces are, looked up once."""
        device = "cuda" if torch.cuda.is_available() else "cpu"
        parser = self.auxiliary[FACE].to(device)
        parts = []
        for images in self.content.images.split(32):
            logits = parser(images.to(device).float() / 255)
            parts.append((face_mask(logits, MASK_SIDE, MASK_SIDE) * 255).round().byte().cpu())
        return torch.cat(parts)

    def enter(self, step: int) -> None:
        """Choose the terms that count at a step."""
        done = step / self.recipe.steps
        self.terms: dict[str, Term] = {
            name: term
            for name, term in self.chosen.items()
            if done >= self.recipe.terms[name].begin
        }
        self.needs = frozenset().union(*(term.needs for term in self.terms.values()))
        self.stage = " ".join(self.terms)

    def batch(self, step: int, rank: int, world: int) -> dict[str, Tensor]:
        """What is looked at: ``index``, ``affine`` and ``color`` of photos and paintings (see
        ``ImagePool.look``), strengths (n,), motions (n / 2, 3) in pixels and a factor, and the
        offset of the perceptual crop (2,)."""
        if world > 1:
            raise UserError("the task joint trains on one device; use --devices 1")
        recipe, count = self.recipe, self.recipe.batch
        rng = np.random.default_rng((recipe.seed, step, 4))
        moved, size = max(1, count // 2), recipe.data.size
        longest = np.where(np.arange(moved) % 2, LONG_SHIFT * size, motion.LONGEST_SHIFT)
        shift = rng.uniform(-1, 1, (moved, 2)) * longest[:, None]
        zoom = 1 + motion.ZOOM * rng.uniform(-1, 1, (moved, 1))
        drawn = {
            "photo_index": rng.choice(self.photos, count),
            "photo_affine": draw_affine(count, self.looks, rng),
            "photo_color": draw_color(count, self.looks, rng),
            "painting_index": rng.choice(self.paintings, count),
            "painting_affine": draw_affine(count, self.style_looks, rng),
            "painting_color": draw_color(count, self.style_looks, rng),
            "strength": draw_strengths(count, recipe.strength, rng),
            "motion": np.concatenate((shift, zoom), 1).astype(np.float32),
            "offset": rng.integers(0, recipe.data.shift + 1, 2),
        }
        return {name: torch.from_numpy(value) for name, value in drawn.items()}

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """``objective``, what is minimised, and the terms at strength 1: ``NETWORK.TERM`` for each
        network, ``TERM`` averaged over them."""
        photo, second, painting, grid = self.pictures(batch)
        offset, strength = batch["offset"], batch["strength"]
        with torch.no_grad():
            seen_photo = replace(self._see(photo, offset, False), face_mask=self.faces(batch))
            seen_painting = self._see(painting, offset, True)
        code = self.student.style_encoder(painting)
        zero = code.new_zeros((), dtype=torch.float32)
        objective, each = zero, {}
        for name in self.student.networks:
            inputs = self._paint(
                name, seen_photo, second, grid, seen_painting, code, strength, offset
            )
            found = self._measure(inputs)
            balance = cast(Balance, self.balances[name])
            objective = objective + balance.weigh({k: v.mean() for k, v in found.items()})
            at_full = {k: _mean_at_full(v, inputs.strength) for k, v in found.items()}
            if self.training:
                balance.follow(at_full)
            # Terms that do not count yet have columns too.
            each[name] = {term: at_full.get(term, zero) for term in self.recipe.weights}
        values = {f"{name}.{term}": v for name, found in each.items() for term, v in found.items()}
        for term in self.recipe.weights:
            values[term] = torch.stack([found[term].float() for found in each.values()]).mean()
        return {"objective": objective, **values}

    def loss(self, values: dict[str, Tensor]) -> Tensor:
        """The balanced sum over networks."""
        return values["objective"]

    def state(self) -> dict[str, Tensor]:
        """The balanced weights."""
        return {name: cast(Balance, balance).factor for name, balance in self.balances.items()}

    def _exactly(self) -> torch.autocast:
        """What is drawn and measured, in float32."""
        return torch.autocast(self.content.images.device.type, enabled=False)

    @torch.no_grad()
    def pictures(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What a batch shows, S pixels wide and high, float32.

        Returns:
            Photos (n, 3, S, S) in [0, 1]; second frames (n / 2, 3, S, S) of the first of them, the
            camera moved; paintings (n, 3, S, S); the grid (n / 2, S, S, 2) that ``motion.move``
            takes a first frame to its second by.
        """
        size = self.recipe.data.size
        with self._exactly():
            index, affine = batch["photo_index"], batch["photo_affine"]
            photo = self.content.look(index, affine, size, batch["photo_color"])
            right, down, zoom = batch["motion"].unbind(1)
            grid = motion.grid(right, down, zoom, size, size)
            back = torch.stack(
                (
                    torch.stack((1 / zoom, torch.zeros_like(zoom), -right), 1),
                    torch.stack((torch.zeros_like(zoom), 1 / zoom, -down), 1),
                ),
                1,
            )
            moved = len(zoom)
            second = self.content.look(
                index[:moved], compose(affine[:moved], back), size, batch["photo_color"][:moved]
            )
            painting = self.style.look(
                batch["painting_index"], batch["painting_affine"], size, batch["painting_color"]
            )
        return photo, second, painting, grid

    def faces(self, batch: dict[str, Tensor]) -> Tensor | None:
        """Where the photos of ``pictures`` show faces: (n, 1, S, S) in [0, 1]; None where no term
        needs to know."""
        if self.masks is None:
            return None
        size, side = self.recipe.data.size, self.recipe.data.short_side
        with self._exactly():
            grid = positions(batch["photo_affine"], size) * (2 / side)
            masks = self.masks.index_select(0, batch["photo_index"]).float() / 255
            return F.grid_sample(masks, grid, padding_mode="reflection", align_corners=False)

    def _see(self, image: Tensor, offset: Tensor, painted: bool) -> ImageFeatures:
        """What auxiliary networks see of a picture.

        Args:
            painted: whether its marks and coarse texture count (a photo's do not).
        """
        layers = _layers(self.recipe, self.terms)
        shift, count = self.recipe.data.shift, len(image)
        window = torch.arange(image.shape[-1] - shift, device=image.device)
        rows, columns = window + offset[0], window + offset[1]

        def shifted(x: Tensor) -> Tensor:
            return x.index_select(2, rows).index_select(3, columns)

        marks = painted and MARKS in self.needs
        pictures = shifted(image)
        if marks:
            with self._exactly():
                pictures = torch.cat((pictures, shifted(luminance_detail(image)).to(image.dtype)))
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        seen: dict[str, Features] = self.auxiliary.features(pictures, layers)
        coarse: dict[str, Features] = {}
        if painted and COARSE in self.needs:
            coarse = self.auxiliary.features(F.avg_pool2d(pictures[:count], 2), layers)
        return ImageFeatures(
            image=image,
            features={k: Features(v.narrow[:count], v.full[:count]) for k, v in seen.items()},
            marks={k: Features(v.narrow[count:], v.full[count:]) for k, v in seen.items()}
            if marks
            else {},
            coarse=coarse,
            seen=self.auxiliary.see(self.needs, image),
        )

    def _paint(
        self,
        name: str,
        photo: ImageFeatures,
        second: Tensor,
        grid: Tensor,
        painting: ImageFeatures,
        code: Tensor,
        strength: Tensor,
        offset: Tensor,
    ) -> LossInputs:
        caller, amount = cast(Caller, self.callers[name]), strength[:, None, None, None]
        output = caller("stylize", photo.image, code, amount)
        frames = None
        if FRAMES in self.needs:
            moved = len(second)
            again = caller("stylize", second, code[:moved], amount[:moved])
            with self._exactly():
                followed = motion.move(output[:moved].float(), grid)
            frames = Frames(followed, again, motion.visible(grid))
        quantized = None
        if QUANTIZED in self.needs:
            last = slice(-max(1, len(strength) // 4), None)
            with caller.quantized() as call:
                own = call("encode_style", painting.image[last])
                quantized = call("stylize", photo.image[last], own, amount[last])
        return LossInputs(
            output=self._see(output, offset, True),
            photo=photo,
            painting=painting,
            strength=strength,
            frames=frames,
            quantized=quantized,
        )

    def _measure(self, inputs: LossInputs) -> dict[str, Tensor]:
        with self._exactly():
            return {
                name: term.compute(inputs, self.recipe.terms[name].layers or term.layers)
                for name, term in self.terms.items()
            }

    @torch.no_grad()
    def sample_grid(self) -> Image.Image:
        """Fixed pairs, painted at full strength by each network."""
        device = self.content.images.device
        batch = {k: v.to(device) for k, v in self.batch(0, 0, 1).items()}
        photo, _, painting, _ = self.pictures(batch)
        count = min(SAMPLES, len(photo))
        photo, painting = photo[:count], painting[:count]
        code = self.student.style_encoder(painting)
        full = torch.ones(count, 1, 1, 1, device=device)
        painted = [
            cast(StyleNetwork, network).stylize(photo, code, full)
            for network in self.student.networks.values()
        ]
        rows = zip(photo, painting, *painted)
        return tile([list(row) for row in rows], side=self.recipe.data.size)

    def described(self) -> dict[str, dict[str, str]]:
        """Of each network."""
        networks = self.student.networks.items()
        return {
            name: checkpoint.describe(cast(StyleNetwork, network)) for name, network in networks
        }

    def save(self, path: Path, metadata: dict[str, str]) -> None:
        """Write every network beside each other, the first as ``path``."""
        for name, network in self.student.networks.items():
            fingerprint = checkpoint.fingerprint(network.state_dict())
            made = Checkpoint(name, cast(StyleNetwork, network), fingerprint, metadata)
            checkpoint.save(made, path.with_stem(name))

    def skipped(self) -> dict[str, str]:
        """Damaged photos and paintings."""
        return {**self.content.skipped, **self.style.skipped}

    def next_command(self, result: Path) -> str:
        """Export."""
        return f"facestyle export --checkpoint {shlex.quote(str(result))} --out build"


def draw_strengths(count: int, spec: StrengthSpec, rng: np.random.Generator) -> np.ndarray:
    """(count,): 1 for a part ``full`` of the instances, at the front; behind them 0 for a part
    ``none`` of all, by chance, else uniform."""
    strength = np.ones(count, np.float32)
    rest = count - round(spec.full * count)
    if rest:
        drawn = rng.uniform(0, 1, rest)
        zero = rng.random(rest) * (1 - spec.full) < spec.none
        strength[-rest:] = np.where(zero, 0, drawn)
    return strength


def _mean_at_full(values: Tensor, strength: Tensor) -> Tensor:
    """Mean over the instances at strength 1; over all where the values are of some of them."""
    if len(values) != len(strength):
        return values.detach().mean()
    full = (strength >= 1).float()
    return (values.detach() * full).sum() / full.sum().clamp_min(1)


def _layers(recipe: Recipe, terms: Mapping[str, Term]) -> frozenset[str]:
    each: Iterable[tuple[str, ...]] = (recipe.terms[n].layers or t.layers for n, t in terms.items())
    return frozenset().union(*each)
