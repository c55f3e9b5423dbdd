"""What a recipe may say: a training method as data, every key with its type, range and meaning.

Recipes are TOML files in ``train/recipes/``, which reads them.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Count = Annotated[int, Meta(ge=1)]
Part = Annotated[float, Meta(ge=0, le=1)]
"""Of a whole."""
AtLeast0 = Annotated[float, Meta(ge=0)]
AtLeast1 = Annotated[float, Meta(ge=1)]
Above0 = Annotated[float, Meta(gt=0)]

Tables = dict[str, Any]
"""A recipe as TOML has it."""


class TermSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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
    targets: dict[str, Above0] = {}
    begin: Part = 0.0


class DataSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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
    size: Count = 256
    short_side: int = 512
    jitter: Part = 0.0
    zoom: AtLeast1 = 1.0
    closest: Part = 1.0
    style_closest: Part = 1.0
    hues: Part = 0.0
    style_jitter: Part = 0.0
    style_zoom: AtLeast1 = 1.0
    shift: Annotated[int, Meta(ge=0)] = 0
    fill_depth: Part = 0.0
    holdout: Part = 0.1


class OptimizerSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How weights follow gradients.

    Attributes:
        name: ``adam`` or ``sgd``.
        rate: peak learning rate.
        betas: of Adam.
        momentum: of SGD.
        weight_decay: L2 penalty on the weights.
        clip: longest gradient, 0 for any.
    """

    name: Literal["adam", "sgd"] = "adam"
    rate: AtLeast0 = 1e-4
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.9
    weight_decay: AtLeast0 = 0.0
    clip: AtLeast0 = 0.0


class ScheduleSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Learning rate over the steps; see ``train.schedule``.

    Attributes:
        name: ``constant``, ``inverse``, ``poly``, ``tail`` (also called ``linear_decay``) or
            ``drops`` (also called ``multistep``).
        warmup: steps of linear warm-up.
        decay: of ``inverse``.
        power: of ``poly``.
        hold: part of the steps before ``tail`` begins to fall.
        drops: parts of the steps after which ``drops`` multiplies the rate by ``factor``.
        factor: see ``drops``.
    """

    name: Literal["constant", "inverse", "poly", "tail", "drops"] = "constant"
    warmup: Annotated[int, Meta(ge=0)] = 0
    decay: float = 0.0
    power: float = 0.9
    hold: float = 0.5
    drops: tuple[float, ...] = ()
    factor: float = 0.3


class StrengthSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which strengths a style network practises, so that the slider works.

    Attributes:
        full: part of the instances at strength 1.
        none: part of them at strength 0; the rest lies between, uniformly.
    """

    full: Part = 1.0
    none: Part = 0.0


class EngineSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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

    precision: Literal["auto", "fp32", "bf16"] = "auto"
    compile: Literal["auto", "on", "off"] = "off"
    graph: Literal["auto", "off"] = "auto"
    workers: Count = 2
    log_every: Count = 20
    sample_every: Count = 1000
    save_every: Count = 500


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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
        auxiliary: the network of each kind in ``train.auxiliary.registry``: a name, a file or
            ``hub:NAME``; an empty ``perceptual`` is torchvision's VGG-19, fetched once.
        data, optimizer, schedule, strength, engine: see there.
    """

    name: str
    summary: str
    reference: str
    task: Literal["style", "joint", "depth", "parsing"]
    network: str
    steps: Count
    batch: Count
    terms: dict[str, TermSpec]
    along: tuple[str, ...] = ()
    start: str = ""
    seed: Annotated[int, Meta(ge=0)] = 0
    average: Part = 0.0
    data: DataSpec = DataSpec()
    auxiliary: dict[str, str] = {}
    optimizer: OptimizerSpec = OptimizerSpec()
    schedule: ScheduleSpec = ScheduleSpec()
    strength: StrengthSpec = StrengthSpec()
    engine: EngineSpec = EngineSpec()

    @property
    def fingerprint(self) -> str:
        """12 hex digits of the SHA-256 of everything in it."""
        return fingerprint(self.tables())

    def tables(self) -> Tables:
        """As nested dictionaries, complete."""
        tables: Tables = msgspec.to_builtins(self)
        return tables

    @property
    def weights(self) -> dict[str, float]:
        """Weight of every term that counts."""
        return {name: term.weight for name, term in self.terms.items() if term.weight}


def fingerprint(tables: Tables) -> str:
    """12 hex digits of the SHA-256 of a complete recipe as TOML has it.

    Of the ``recipe.toml`` in a run's folder it is what the weights' metadata says, whichever
    version wrote both.
    """
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()[:12]
