"""An ML Program whose weights coremltools compresses in every way that it knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from coreml_reference.tests.quiet import quiet


def exported(network: nn.Module, size: int) -> Any:
    with quiet(), torch.no_grad():
        program = torch.export.export(network.eval(), (torch.rand(1, 3, size, size),))
        return program.run_decompositions({})


def converted(program: Any, size: int, path: Path, half: bool, ios: int = 16) -> Any:
    with quiet():
        import coremltools as ct

        model = ct.convert(
            program,
            inputs=[ct.TensorType("image", (1, 3, size, size))],
            outputs=[ct.TensorType("scores")],
            compute_precision=ct.precision.FLOAT16 if half else ct.precision.FLOAT32,
            minimum_deployment_target=getattr(ct.target, f"iOS{ios}"),
            skip_model_load=True,
        )
        model.save(str(path))
    return model


class Dense(nn.Module):
    """WeightFiles enough to be compressed, of different kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 32, 3)
        self.second = nn.Conv2d(32, 64, 3, stride=2)
        self.last = nn.Linear(64, 64)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.second(torch.relu(self.first(x))))
        y: Tensor = self.last(x.mean((2, 3)))
        return y


def _linear(**options: Any) -> Callable[[Any, Any], Any]:
    def compress(cto: Any, model: Any) -> Any:
        config = cto.OpLinearQuantizerConfig(weight_threshold=512, **options)
        return cto.linear_quantize_weights(model, cto.OptimizationConfig(config))

    return compress


def _colours(weights: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A palette of sixteen as k-means would find, and indices."""
    flat = weights.reshape(-1).astype(np.float64)
    palette = np.quantile(flat, (np.arange(16) + 0.5) / 16)
    for _ in range(10):
        nearest = np.abs(flat[:, None] - palette).argmin(1)
        palette = np.array([flat[nearest == i].mean() for i in range(16)])
    nearest = np.abs(flat[:, None] - palette).argmin(1)
    return palette.astype(weights.dtype), nearest.astype(np.uint8)


def _palette(**options: Any) -> Callable[[Any, Any], Any]:
    def compress(cto: Any, model: Any) -> Any:
        config = cto.OpPalettizerConfig(weight_threshold=512, **options)
        return cto.palettize_weights(model, cto.OptimizationConfig(config))

    return compress


def _pruned(cto: Any, model: Any) -> Any:
    config = cto.OpMagnitudePrunerConfig(target_sparsity=0.6, weight_threshold=512)
    return cto.prune_weights(model, cto.OptimizationConfig(config))


def _jointly(second: str, **options: Any) -> Callable[[Any, Any], Any]:
    def compress(cto: Any, model: Any) -> Any:
        kind = cto.OpPalettizerConfig if second == "palettize" else cto.OpLinearQuantizerConfig
        config = cto.OptimizationConfig(kind(weight_threshold=512, **options))
        compressor = getattr(cto, f"{second}_weights")
        return compressor(_pruned(cto, model), config, joint_compression=True)

    return compress


def _quantized_palette(cto: Any, model: Any) -> Any:
    model = _palette(nbits=4, mode="uniform")(cto, model)
    config = cto.OpLinearQuantizerConfig(granularity="per_tensor", weight_threshold=1)
    return cto.linear_quantize_weights(
        model, cto.OptimizationConfig(config), joint_compression=True
    )


COMPRESSED: dict[str, tuple[int, Callable[[Any, Any], Any], str]] = {
    "linear 16": (16, _linear(mode="linear"), "constexpr_affine_dequantize"),
    "symmetric 16": (16, _linear(mode="linear_symmetric"), "constexpr_affine_dequantize"),
    **{
        f"palette {bits} 16": (16, _palette(nbits=bits, mode="uniform"), "constexpr_lut_to_dense")
        for bits in (8, 6, 4, 2, 1)
    },
    "uneven palette 16": (
        16,
        _palette(mode="custom", lut_function=_colours),
        "constexpr_lut_to_dense",
    ),
    "sparse 16": (16, _pruned, "constexpr_sparse_to_dense"),
    **{
        f"linear {dtype} 18": (
            18,
            _linear(mode="linear", dtype=dtype, granularity="per_channel"),
            "constexpr_blockwise_shift_scale",
        )
        for dtype in ("int8", "uint8", "int4", "uint4")
    },
    "blocks 18": (
        18,
        _linear(mode="linear_symmetric", dtype="int4", granularity="per_block", block_size=8),
        "constexpr_blockwise_shift_scale",
    ),
    **{
        f"palette {bits} 18": (
            18,
            _palette(nbits=bits, mode="uniform", granularity="per_grouped_channel", group_size=8),
            "constexpr_lut_to_dense",
        )
        for bits in (8, 6, 4, 3, 2, 1)
    },
    "scaled palette 18": (
        18,
        _palette(nbits=4, mode="uniform", enable_per_channel_scale=True),
        "constexpr_lut_to_dense",
    ),
    "sparse 18": (18, _pruned, "constexpr_sparse_to_dense"),
    "sparse palette 18": (
        18,
        _jointly("palettize", nbits=4, mode="uniform"),
        "constexpr_lut_to_sparse",
    ),
    "sparse linear 18": (
        18,
        _jointly("linear_quantize", mode="linear_symmetric"),
        "constexpr_sparse_blockwise_shift_scale",
    ),
    "quantized palette 18": (18, _quantized_palette, "constexpr_blockwise_shift_scale"),
}
"""By name: system, how to compress for it, and the operation that decompresses."""


def converted_dense(folder: Path) -> dict[int, tuple[Any, Path]]:
    """``Dense`` converted for iOS 16 (fp16) and 18 (fp32), and where they were saved."""
    torch.manual_seed(0)
    program = exported(Dense(), 9)
    paths = {ios: folder / f"{ios}.mlpackage" for ios in (16, 18)}
    return {ios: (converted(program, 9, p, ios == 16, ios), p) for ios, p in paths.items()}
