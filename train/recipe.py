"""What a recipe may say: a training method as data, every key explained.

Recipes are TOML files in ``train/recipes/``, which reads them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

Tables = dict[str, Any]
"""A recipe as TOML has it."""


@dataclass(frozen=True)
class TermSpec:
    """What one term of the loss counts for.

    Attributes:
        weight: factor; a term of weight 0 is left out.
        layers: of the perceptual network; the term's own by default.
        targets: for a network by name the value to be reached (task ``joint``): the weight
            grows while the term is above it and shrinks while it is below.
        begin: part of the steps after which the term counts (task ``joint``).
    """

    weight: float
    layers: tuple[str, ...] = ()
    targets: dict[str, float] = field(default_factory=dict)
    begin: float = 0.0


@dataclass(frozen=True)
class DataSpec:
    """What is learnt from.

    Attributes:
        content: photos to paint; folders, tar files or ``READER:PATH``.
        style: paintings.
        labelled: photos with depth or parsing labels, for the auxiliary networks.
        size: side of the square crops, in pixels.
        short_side: to which images are resized before cropping.
        jitter: brightness, contrast and saturation of photos are scaled by up to 1 +- this.
        zoom: crops are up to this many times ``size`` wide, and then resized to it: photos at
            several scales. Beyond its edges an image is mirrored.
        closest: crops are down to this part of ``size`` wide (task ``joint``).
        style_closest: the same for paintings.
        hues: part of the paintings whose hues are turned (task ``joint``).
        style_jitter, style_zoom: the same for paintings, so that stronger and denser styles are
            seen than a collection has.
        shift: perceptual losses see a crop at a random offset of up to this many pixels, so
            that no lattice of positions is favoured.
        fill_depth: depth maps of which at most this part is unknown are filled by colorization
            (paper 1, section 4.1.3); in the others, unknown pixels count for nothing.
        holdout: part of every labelled source that is kept for evaluation.
    """

    content: tuple[str, ...] = ()
    style: tuple[str, ...] = ()
    labelled: tuple[str, ...] = ()
    size: int = 256
    short_side: int = 512
    jitter: float = 0.0
    zoom: float = 1.0
    closest: float = 1.0
    style_closest: float = 1.0
    hues: float = 0.0
    style_jitter: float = 0.0
    style_zoom: float = 1.0
    shift: int = 0
    fill_depth: float = 0.0
    holdout: float = 0.1


@dataclass(frozen=True)
class AuxiliarySpec:
    """The frozen networks that watch over a style network's training.

    Attributes:
        perceptual: file of a VGG-19; torchvision's, fetched once, by default.
        depth: name of a shipped network, a file, or ``hub:NAME`` for transformers.
        face: the same for face parsing.
    """

    perceptual: str = ""
    depth: str = "depth_v3_small"
    face: str = "bisenet_small"


@dataclass(frozen=True)
class OptimizerSpec:
    """How weights follow gradients.

    Attributes:
        name: ``adam`` or ``sgd``.
        rate: peak learning rate.
        betas: of Adam.
        momentum: of SGD.
        weight_decay: L2 penalty on the weights.
        clip: longest gradient, 0 for any.
    """

    name: str = "adam"
    rate: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.9
    weight_decay: float = 0.0
    clip: float = 0.0


@dataclass(frozen=True)
class ScheduleSpec:
    """Learning rate over the steps; see ``train.schedule``.

    Attributes:
        name: ``constant``, ``inverse``, ``poly``, ``tail`` or ``drops``.
        warmup: steps of linear warm-up.
        decay: of ``inverse``.
        power: of ``poly``.
        hold: part of the steps before ``tail`` begins to fall.
        drops: parts of the steps after which ``drops`` multiplies the rate by ``factor``.
        factor: see ``drops``.
    """

    name: str = "constant"
    warmup: int = 0
    decay: float = 0.0
    power: float = 0.9
    hold: float = 0.5
    drops: tuple[float, ...] = ()
    factor: float = 0.3


@dataclass(frozen=True)
class StrengthSpec:
    """Which strengths a style network practises, so that the slider works.

    Attributes:
        full: part of the instances at strength 1.
        none: part of them at strength 0; the rest lies between, uniformly.
    """

    full: float = 1.0
    none: float = 0.0


@dataclass(frozen=True)
class EngineSpec:
    """How the loop runs; changes speed, not the method.

    Attributes:
        precision: ``fp32``, ``bf16`` (mixed) or ``auto``: bf16 where the hardware has it.
        compile: ``on``, ``off`` or ``auto``: ``torch.compile`` for runs of 1,000 steps or more, on
            machines that have what it needs; it takes a minute or two before the first step.
        graph: ``auto`` or ``off``: on a GPU a step of the task ``joint`` is one CUDA graph.
        workers: threads that decode and crop images.
        log_every: steps between lines of ``metrics.csv``.
        sample_every: steps between sample pictures.
        save_every: steps between checkpoints.
    """

    precision: str = "auto"
    compile: str = "off"
    graph: str = "auto"
    workers: int = 2
    log_every: int = 20
    sample_every: int = 1000
    save_every: int = 500


@dataclass(frozen=True)
class Recipe:
    """A training method.

    Attributes:
        name: of the recipe.
        summary: what it trains, in a line.
        reference: paper and equation.
        task: ``style``, ``joint``, ``depth`` or ``parsing``.
        along: networks that are trained along, on the style encoder of ``network`` (task
            ``joint``).
        network: what is trained, by its name in ``facestyle.networks`` or ``train.auxiliary``.
        start: weights to begin with: a checkpoint file, ``shipped``, ``imagenet`` (the encoder
            of an auxiliary network), or empty for random ones.
        steps: how many.
        batch: images a step, over all devices.
        seed: of the weights and of every random choice.
        average: decay of the moving average of weights that is kept as the result, 0 for none.
        terms: the loss, by name.
        data, auxiliary, optimizer, schedule, strength, engine: see there.
    """

    name: str
    summary: str
    reference: str
    task: str
    network: str
    steps: int
    batch: int
    terms: dict[str, TermSpec]
    along: tuple[str, ...] = ()
    start: str = ""
    seed: int = 0
    average: float = 0.0
    data: DataSpec = field(default_factory=DataSpec)
    auxiliary: AuxiliarySpec = field(default_factory=AuxiliarySpec)
    optimizer: OptimizerSpec = field(default_factory=OptimizerSpec)
    schedule: ScheduleSpec = field(default_factory=ScheduleSpec)
    strength: StrengthSpec = field(default_factory=StrengthSpec)
    engine: EngineSpec = field(default_factory=EngineSpec)

    @property
    def fingerprint(self) -> str:
        """12 hex digits of the SHA-256 of everything in it."""
        return hashlib.sha256(json.dumps(self.tables(), sort_keys=True).encode()).hexdigest()[:12]

    def tables(self) -> Tables:
        """As nested dictionaries, complete."""
        return dataclasses.asdict(self)

    @property
    def weights(self) -> dict[str, float]:
        """Weight of every term that counts."""
        return {name: term.weight for name, term in self.terms.items() if term.weight}
