"""How far a file's output is from PyTorch's."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from facestyle.contract import Kind, Port


def psnr(output: Tensor, reference: Tensor, peak: float) -> float:
    """Peak signal to noise ratio in dB; infinite where equal, NaN where not finite."""
    if output.shape != reference.shape or not torch.isfinite(output).all():
        return math.nan
    error = (output.double() - reference.double()).square().mean().item()
    return math.inf if error == 0 else 10 * math.log10(peak**2 / error)


def max_error(output: Tensor, reference: Tensor, peak: float) -> float:
    """Greatest absolute difference as a share of the peak; NaN where not finite."""
    if output.shape != reference.shape or not torch.isfinite(output).all():
        return math.nan
    return (output.double() - reference.double()).abs().max().item() / peak


def peak(port: Port, reference: Tensor) -> float:
    """The peak that PSNR refers to: a port's range, or the reference's where unbounded."""
    if port.kind is Kind.CODE or port.range is None:
        return float(reference.max() - reference.min()) or 1.0
    return port.range[1] - port.range[0]
