"""The loop that trained the first ``mobile`` weights: plain, on one machine, in bf16.

    python -m train.first --perceptual VGG.safetensors --out runs/first \
        --content faces.tar photos.tar --style paintings.tar

Writes ``last.pt`` every thousand steps (``--resume`` goes on from it), ``ema.safetensors``
and ``log.csv``. Every instance of a batch has its own strength: mostly 1, sometimes 0 (the
photo must come back) or between (statistics half way), so that the slider works without any
trick at inference.
"""

from __future__ import annotations

import argparse
import csv
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from facestyle.networks.mobile import MobileNetwork
from train import losses
from train.data import load_images, random_crops
from train.perceptual import DistilledVGG

SHIFT = 4
"""Perceptual losses see a crop at a random offset of up to this many pixels."""


@dataclass(frozen=True)
class Weights:
    """What each term counts for."""

    style: float = 2.0
    gram: float = 2.0
    relu4_structure: float = 1.0
    relu3_structure: float = 0.5
    edges: float = 0.5
    variation: float = 0.1
    flat_noise: float = 150.0
    border: float = 2.0
    reconstruction: float = 10.0


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Warm up over 200 steps, hold, fall linearly to zero over the last half."""
    return peak * min(1.0, (step + 1) / 200) * min(1.0, 2 * (1 - step / steps))


def random_strengths(count: int, rng: np.random.Generator) -> Tensor:
    """(count, 1, 1, 1): 1 in seven cases of ten, 0 in one and a half, else uniform."""
    kind, uniform = rng.random(count), rng.random(count)
    strength = np.where(kind < 0.7, 1.0, np.where(kind < 0.85, 0.0, uniform))
    return torch.from_numpy(strength.astype(np.float32))[:, None, None, None]


def terms(
    network: MobileNetwork,
    vgg: DistilledVGG,
    photo: Tensor,
    painting: Tensor,
    strength: Tensor,
    rows: Tensor,
    columns: Tensor,
) -> dict[str, Tensor]:
    """Every loss, averaged over the batch."""
    with torch.autocast(photo.device.type, torch.bfloat16):
        output = network.stylize(photo, network.encode_style(painting), strength)
        shifted = output.index_select(2, rows).index_select(3, columns)
        with torch.no_grad():
            content_features = vgg(photo.index_select(2, rows).index_select(3, columns))
            style_features = vgg(painting)
        output_features = vgg(shifted)
    alpha = strength.flatten()
    style = gram = torch.zeros_like(alpha)
    for own, content, target in zip(output_features, content_features, style_features):
        c_mean, c_std = losses.statistics(content.vgg)
        s_mean, s_std = losses.statistics(target.vgg)
        mix = alpha[:, None]
        style = style + losses.statistics_loss(
            own.vgg, torch.lerp(c_mean, s_mean, mix), torch.lerp(c_std, s_std, mix)
        )
        mixed = torch.lerp(losses.gram(content.trunk), losses.gram(target.trunk), mix[..., None])
        gram = gram + losses.gram_loss(own.trunk, mixed)
    output = output.float()
    return {
        "style": style.mean(),
        "gram": gram.mean() / len(output_features),
        "relu4_structure": losses.structure_loss(
            output_features[3].trunk, content_features[3].trunk
        ).mean(),
        "relu3_structure": losses.structure_loss(
            output_features[2].trunk, content_features[2].trunk
        ).mean(),
        "edges": losses.edge_structure_loss(output, photo).mean(),
        "variation": (alpha * losses.total_variation(output)).mean(),
        "flat_noise": losses.flat_noise_loss(output, photo).mean(),
        "border": losses.border_loss(output, photo).mean(),
        "reconstruction": ((1 - alpha) ** 2 * (output - photo).abs().mean((1, 2, 3))).mean(),
    }


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--perceptual", type=Path, required=True)
    parser.add_argument("--content", type=Path, nargs="+", required=True)
    parser.add_argument("--style", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=22_000)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--short-side", type=int, default=224)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    weights = asdict(Weights())
    network = MobileNetwork().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    vgg = DistilledVGG(args.perceptual).to(device)
    optimiser = torch.optim.Adam(network.parameters(), args.lr, betas=(0.9, 0.99))
    average = {k: v.clone() for k, v in network.state_dict().items()}
    first_step = 0
    args.out.mkdir(parents=True, exist_ok=True)
    last = args.out / "last.pt"
    if args.resume and last.exists():
        state = torch.load(last, map_location=device, weights_only=True)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        average, first_step = state["average"], state["step"]

    photos = load_images(args.content, args.short_side)
    paintings = load_images(args.style, args.short_side)
    print(f"{len(photos)} photos, {len(paintings)} paintings, {device}", flush=True)
    step_terms = torch.compile(terms)
    seen, started = [], time.time()
    window = torch.arange(args.size - SHIFT, device=device)
    for step in range(first_step, args.steps):
        # The batch is a function of the step, so that a resumed run sees what it would have seen.
        rng = np.random.default_rng((args.seed, step))
        rate = learning_rate(step, args.steps, args.lr)
        for group in optimiser.param_groups:
            group["lr"] = rate
        photo = random_crops(photos, args.batch, args.size, rng).to(device)
        painting = random_crops(paintings, args.batch, args.size, rng).to(device)
        strength = random_strengths(args.batch, rng).to(device)
        top, left = (int(v) for v in rng.integers(0, SHIFT + 1, 2))
        values = step_terms(network, vgg, photo, painting, strength, window + top, window + left)
        loss = sum((weights[k] * v for k, v in values.items()), torch.zeros((), device=device))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        if not torch.isfinite(norm):
            raise SystemExit(f"step {step}: the loss is not finite; the last checkpoint is {last}")
        optimiser.step()
        decay = min(0.999, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(average.values()), list(network.state_dict().values()), 1 - decay
            )
        seen.append([v.detach() for v in values.values()])
        done = step + 1
        if done % 200 == 0 or done == args.steps:
            means = torch.tensor(seen).mean(0).tolist()
            seen = []
            seconds = (time.time() - started) / (done - first_step)
            line = "  ".join(f"{k} {v:.4f}" for k, v in zip(values, means))
            print(f"{done}  {seconds:.3f} s/step  lr {rate:.1e}  {line}", flush=True)
            with (args.out / "log.csv").open("a", newline="") as file:
                csv.writer(file).writerow([done, rate, *means])
        if done % 1000 == 0 or done == args.steps:
            state = {
                "network": network.state_dict(),
                "optimiser": optimiser.state_dict(),
                "average": average,
                "step": done,
            }
            torch.save(state, last.with_suffix(".tmp"))
            last.with_suffix(".tmp").replace(last)
            contiguous = {k: v.contiguous().cpu() for k, v in average.items()}
            save_file(contiguous, args.out / "ema.tmp")
            (args.out / "ema.tmp").replace(args.out / "ema.safetensors")


if __name__ == "__main__":
    main()
