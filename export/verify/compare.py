"""How far a file's output is from PyTorch's."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from facestyle.contract import Kind, Port


def psnr(output: Tensor, reference: Tensor, peak: float) -> float:
    """Peak signal to noise ratio in dB, ``10 log10(peak^2 / mean((output - reference)^2))``.

    Args:
        output, reference: of one shape, whatever it is.
        peak: the range that values can have, see ``peak``.

    Returns:
        Greater is nearer; infinite where equal. NaN where shapes differ or anything in the output
        is not finite: no limit passes it.

    >>> black = torch.zeros(1, 3, 8, 8)
    >>> round(psnr(black + 0.1, black, 1.0), 3), psnr(black, black, 1.0)
    (20.0, inf)
    >>> psnr(black / 0, black, 1.0)
    nan
    """
    if output.shape != reference.shape or not torch.isfinite(output).all():
        return math.nan
    error = (output.double() - reference.double()).square().mean().item()
    return math.inf if error == 0 else 10 * math.log10(peak**2 / error)


def max_error(output: Tensor, reference: Tensor, peak: float) -> float:
    """Greatest absolute difference as a share of the peak, ``max|output - reference| / peak``.

    Args:
        output, reference: of one shape, whatever it is.
        peak: the range that values can have, see ``peak``.

    Returns:
        0 and more. NaN where shapes differ or anything in the output is not finite.

    >>> max_error(torch.tensor([0.0, 3.0]), torch.tensor([0.0, 2.5]), peak=2.0)
    0.25
    """
    if output.shape != reference.shape or not torch.isfinite(output).all():
        return math.nan
    return (output.double() - reference.double()).abs().max().item() / peak


def peak(port: Port, reference: Tensor) -> float:
    """The peak that PSNR refers to: a port's range, ``greatest - least``.

    Codes and whatever else is unbounded have the reference's own range, 1 where that is constant.

    >>> from facestyle import contract
    >>> peak(contract.stylized(8, 8), torch.zeros(1, 3, 8, 8))
    1.0
    >>> peak(contract.style_code(2), torch.tensor([-2.0, 3.0]))
    5.0
    """
    if port.kind is Kind.CODE or port.range is None:
        return float(reference.max() - reference.min()) or 1.0
    return port.range[1] - port.range[0]
