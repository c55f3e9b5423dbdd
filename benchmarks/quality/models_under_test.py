"""The models that are judged: LiteRT files of a build, executed from disk, and PyTorch weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from benchmarks import build_files
from benchmarks.evaluate.held_out import short_names
from export.build import manifest
from export.build.manifest import Manifest
from export.build.verify_build import weights_of
from export.entries import FileEntry
from export.formats.base import STYLE_ENCODER, STYLIZER
from export.formats.tflite import TFLITE
from export.runtimes.litert import TFLiteFile
from export.suppress_output import ConversionError
from facestyle import checkpoint, images
from facestyle.contract import Kind, Port
from facestyle.errors import UserError, unknown
from facestyle.networks import NETWORKS
from facestyle.stylize import PAINTING_SIZE, Painter

DEFAULT_SIZE = 256

LEAST_SIZE = 64
"""Below it VGG-19's deepest layer and the spectrum's lattices have too few positions."""

Encode = Callable[[Tensor], Tensor]
"""A painting of any size, (1, 3, H, W), to its style code (1, K, 1, 1)."""

Paint = Callable[[Tensor, Tensor, float], Tensor]
"""A photo (1, 3, H, W), a style code and a strength to the painted photo, about [0, 1]."""


@dataclass(frozen=True)
class ModelUnderTest:
    """A model to judge.

    Attributes:
        name: unique among those judged together.
        path: its file.
        sha256: of the file.
        size: height and width that it takes; None for any.
        encode: see ``Encode``.
        paint: see ``Paint``.
        metadata: what its weights say of their training.
        fingerprint: of the weights.
        untrained: whether these are random.
    """

    name: str
    path: Path
    sha256: str
    size: tuple[int, int] | None
    encode: Encode
    paint: Paint
    metadata: Mapping[str, str]
    fingerprint: str
    untrained: bool


def open_all(given: Sequence[str], encoder: Path | None) -> tuple[list[ModelUnderTest], list[str]]:
    """All models that the command line names.

    Args:
        given: build folders, checkpoint files and names of shipped weights.
        encoder: for ``vgg19`` decoders that come without; see ``checkpoint.load``.

    Returns:
        the models; and notes on what was passed over.

    Raises:
        UserError: when one is no model or was changed, or nothing is left to judge.
    """
    makers: dict[str, Callable[[str], ModelUnderTest]] = {}
    notes: list[str] = []
    for item in given:
        path = Path(item)
        if path.is_dir():
            makers |= _build(path, notes)
        else:
            makers[item] = _checkpoint(item, encoder)
    if not makers:
        raise UserError(f"no stylizer to judge; {'; '.join(notes)}")
    return [makers[key](name) for name, key in short_names(list(makers)).items()], notes


def common_size(models: Sequence[ModelUnderTest], wanted: int | None) -> tuple[int, int]:
    """Height and width at which all are judged.

    Args:
        models: at least one.
        wanted: side of the square that the user asks for, if any.

    Raises:
        UserError: when files of fixed size differ in it, or from what is asked for.
    """
    fixed = {model.size: model.name for model in models if model.size}
    if len(fixed) > 1:
        (a, first), (b, second) = list(fixed.items())[:2]
        raise UserError(
            f"{first} takes {a[0]} x {a[1]} pixels, {second} {b[0]} x {b[1]}: figures of different "
            "sizes cannot be compared; judge them one at a time"
        )
    size = next(iter(fixed), (wanted or DEFAULT_SIZE,) * 2)
    if wanted and size != (wanted, wanted):
        raise UserError(
            f"{fixed[size]} takes {size[0]} x {size[1]} pixels; leave --size out, or export it "
            f"with --size {wanted}"
        )
    if min(size) < LEAST_SIZE:
        raise UserError(f"{size[0]} x {size[1]} pixels are too few to judge; {LEAST_SIZE} at least")
    return size


def _checkpoint(item: str, encoder: Path | None) -> Callable[[str], ModelUnderTest]:
    path = Path(item)
    if not path.suffix and not path.exists():
        if item not in NETWORKS:
            raise unknown("build, checkpoint or preset", item, NETWORKS)
        try:
            path = checkpoint.shipped(item)
        except UserError as error:
            raise UserError(f"no trained weights are shipped for {item!r}; give a file") from error
    if path.suffix not in (".safetensors", ".pth", ".pt"):
        raise UserError(
            f"{path}: not a model that can be judged; give a build's folder, weights "
            "(.safetensors, .pth) or the name of shipped ones (mobile)"
        )
    _, metadata = checkpoint.read_tensors(path)
    # Weights that do not say what they are of can only be public ones.
    published = next(name for name, kind in NETWORKS.items() if kind.reads_published_weights)
    network = metadata.get("network", published)
    if network not in NETWORKS:
        raise UserError(f"{path} holds weights of {network!r}, which is no style network")
    loaded = checkpoint.load(path, network, None if "network" in metadata else encoder)
    painter = Painter(loaded)
    return lambda name: ModelUnderTest(
        name,
        path,
        manifest.sha256(path),
        None,
        painter.encode_style,
        painter.paint,
        loaded.metadata,
        loaded.fingerprint,
        loaded.untrained,
    )


def _build(folder: Path, notes: list[str]) -> dict[str, Callable[[str], ModelUnderTest]]:
    """By folder and name, what makes a model of each of a build's stylizers.

    The names are those of ``facestyle bench``, so that reports of both can be read together.
    """
    document = manifest.read(folder)
    files = [entry for entry in document.files if entry.format == TFLITE.name]
    stylizers = [entry for entry in files if entry.graph == STYLIZER]
    if not stylizers:
        raise UserError(f"{folder}: no stylizer's .tflite in this build; export one")
    makers: dict[str, Callable[[str], ModelUnderTest]] = {}
    for entry in stylizers:
        if entry.style is not None:
            notes.append(f"{entry.file} has one style built in, so it is not judged")
            continue
        name = build_files.name(document, entry)
        makers[str(folder / name)] = _Stylizer(folder, document, files, entry)
    return makers


@dataclass(frozen=True)
class _Stylizer:
    """Makes a model of one entry of a manifest."""

    folder: Path
    document: Manifest
    files: list[FileEntry]
    entry: FileEntry

    def __call__(self, name: str) -> ModelUnderTest:
        build_files.check_styles(self.folder, self.document)
        file = _load(self.folder, self.entry)

        def given(port: Port, photo: Tensor, style: Tensor, strength: float) -> Tensor:
            match port.kind:
                case Kind.IMAGE:
                    return port.from_unit(photo)
                case Kind.CODE:
                    return style
                case _:
                    # Everywhere is far: painted.
                    value = strength if port.name == "strength" else float(port.name != "depth_low")
                    return torch.full(port.shape, value)

        def paint(photo: Tensor, style: Tensor, strength: float) -> Tensor:
            contract = file.contract
            painted = file.run([given(p, photo, style, strength) for p in contract.inputs])
            return contract.outputs[0].to_unit(painted)

        weights = self.document.weights
        return ModelUnderTest(
            name,
            self.folder / self.entry.file,
            self.entry.sha256,
            (self.document.height, self.document.width),
            self._encoder(),
            paint,
            weights.metadata,
            weights.fingerprint,
            weights.untrained,
        )

    def _encoder(self) -> Encode:
        """The build's own style encoder, best of the same precision; else PyTorch's.

        Raises:
            UserError: when it has none, and its weights are gone or other ones by now.
        """
        found = [entry for entry in self.files if entry.graph == STYLE_ENCODER]
        if not found:
            try:
                return Painter(weights_of(self.document)).encode_style
            except UserError as error:
                raise UserError(
                    f"{self.folder}: no style encoder's .tflite, and its weights "
                    f"{self.document.weights.fingerprint} are gone or other ones by now; "
                    "export it again with the style encoder"
                ) from error
        entry = min(found, key=lambda e: e.precision != self.entry.precision)
        file = _load(self.folder, entry)
        (port,) = file.contract.inputs
        return lambda painting: file.run(
            [port.from_unit(images.cover(painting, PAINTING_SIZE, PAINTING_SIZE))]
        )


def _load(folder: Path, entry: FileEntry) -> TFLiteFile:
    """A file of a build, checked to be the one that was exported.

    Raises:
        UserError: when it is missing, changed, damaged, or takes something else.
    """
    path, contract = build_files.checked(folder, entry), entry.contract
    try:
        file = TFLiteFile(path, contract)
    except ConversionError as error:
        raise UserError(f"{path}: not a model that LiteRT can load ({error})") from error
    for side, wanted, found in (
        ("inputs", contract.inputs, file.inputs),
        ("outputs", contract.outputs, file.outputs),
    ):
        shapes = {name: tuple(int(n) for n in details["shape"]) for name, details in found.items()}
        if shapes != {port.name: port.nhwc for port in wanted}:
            raise UserError(f"{path}: other {side} than the manifest's {contract.graph}: {shapes}")
    return file
