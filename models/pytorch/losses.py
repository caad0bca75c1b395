"""The unsupervised objective of the paper's released Caffe files, as means, and what measures flow against the truth.

All five levels of MotionNet are compared with loss images of their own size: photometric, smoothness and SSIM terms.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from networks import FLOW_UNIT_PX

SSIM_WEIGHT = {6: 0.16, 5: 0.08, 4: 0.04, 3: 0.02, 2: 0.01}
"""Weights of the SSIM sums at the levels (pre-training; a tenth of it end to end)."""

WINDOW_PX, WINDOW_STRIDE, WINDOW_SIGMA, WINDOW_CENTRE = 8, 8, 4 / 3, 4.0
"""Geometry of the released SSIM layer's Gaussian windows."""

CAFFE_BATCH = 16
"""The batch size by which the released solver divides; its effective balance is kept at any batch size."""

REFERENCE_SIDE, REFERENCE_CHANNELS = 224, 30
"""Frame side and compared channels of the released training: they fix how heavily the SSIM sums weigh."""


@dataclass
class Objective:
    """Weights of the objective; the defaults are the released files' balance.

    ssim: factor on all SSIM terms (0.1 in the released end-to-end training).
    smoothness: factor on the smoothness terms.
    edge: how quickly smoothness is given up where the picture changes, exp(−edge·mean |ΔI|) of the loss images; 0 is
        the paper's own, the same everywhere.
    """

    ssim: float = 1.0
    smoothness: float = 1.0
    edge: float = 0.0


END_TO_END = Objective(ssim=0.1, smoothness=2.0, edge=10.0)
"""The released end-to-end balance with more, but edge-aware, smoothness, as in UFlow (2020)."""


def local_response_normalisation(frames: Tensor) -> Tensor:
    """y = x·(1 + Σ_c x²/9)^−0.7 over the three colours of each frame: [n, 3·frames, h, w] → the same shape."""
    n, c, h, w = frames.shape
    frames = frames.reshape(n * c // 3, 3, h, w)
    return (frames * (1 + frames.square().sum(1, keepdim=True) / 9) ** -0.7).reshape(n, c, h, w)


@lru_cache(maxsize=None)
def _tent(source: int, target: int, device: torch.device) -> Tensor:
    """[target, source]: align-corners tent of half-width (S−1)/(D−1), normalised over the taps inside."""
    step = (source - 1) / (target - 1) if target > 1 else float(source)
    centres = (
        torch.arange(target, dtype=torch.float64)[:, None] * step if target > 1 else torch.tensor([[(source - 1) / 2]])
    )
    taps = (1 - (torch.arange(source) - centres).abs() / max(step, 1.0)).clamp(min=0)
    return (taps / taps.sum(1, keepdim=True)).float().to(device)


@lru_cache(maxsize=None)
def _windows(side: int, device: torch.device) -> Tensor:
    """[windows, side]: one axis of SSIM's Gaussian windows; overhanging ones are cut off, not renormalised."""
    count = max(0, -(-(side - WINDOW_PX) // WINDOW_STRIDE)) + 1
    taps = torch.exp(-((torch.arange(WINDOW_PX) - WINDOW_CENTRE) ** 2) / (2 * WINDOW_SIGMA**2))
    matrix = torch.zeros(count, max(side, count * WINDOW_STRIDE + WINDOW_PX))
    for i in range(count):
        matrix[i, i * WINDOW_STRIDE : i * WINDOW_STRIDE + WINDOW_PX] = taps / taps.sum()
    return matrix[:, :side].contiguous().to(device)


def resize_to_level(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Loss images [n, c, h, w] at the size of a level."""
    rows, columns = (_tent(s, t, images.device) for s, t in zip(images.shape[-2:], size))
    return rows @ (images @ columns.T)


def warp(images: Tensor, flow: Tensor) -> Tensor:
    """Samples `images` [n, c, h, w] at (column + u, row + v), `flow` [n, 2, h, w] in their pixels; zero outside."""
    h, w = images.shape[-2:]
    columns = torch.arange(w, device=flow.device) + flow[:, 0]
    rows = torch.arange(h, device=flow.device)[:, None] + flow[:, 1]
    grid = torch.stack([columns * (2 / (w - 1)) - 1, rows * (2 / (h - 1)) - 1], -1)
    return F.grid_sample(images, grid, padding_mode="zeros", align_corners=True)


def charbonnier(x: Tensor, alpha: float, epsilon: float = 1e-3) -> Tensor:
    return (x.square() + epsilon**2) ** alpha


@lru_cache(maxsize=None)
def border_mask(height: int, width: int, device: torch.device) -> Tensor:
    """[h, w]: 0 in a frame of a tenth of the shorter side, 1 within."""
    border = int(0.1 * min(height, width) + 0.5)
    mask = torch.zeros(height, width, device=device)
    mask[border : height - border, border : width - border] = 1
    return mask


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Mean of [n, c, h, w] over all samples and channels where `mask` [h, w] is 1."""
    return (x * mask).sum() / (mask.sum() * x.shape[0] * x.shape[1])


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """SSIM of each channel in each window: [n, c, windows down, windows across]."""
    rows, columns = (_windows(side, a.device) for side in a.shape[-2:])
    weigh = lambda x: rows @ (x @ columns.T)
    mean_a, mean_b = weigh(a), weigh(b)
    variance_a, variance_b = weigh(a * a) - mean_a**2, weigh(b * b) - mean_b**2
    covariance = weigh(a * b) - mean_a * mean_b
    c1, c2 = 1e-4, 1e-3
    return ((2 * mean_a * mean_b + c1) * (2 * covariance + c2)) / (
        (mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2)
    )


def smoothness_terms(flow: Tensor, level: int, image: Tensor | None, edge: float) -> tuple[Tensor, Tensor]:
    """Smoothness of the u maps and of the v maps of raw `flow` [n, 2p, h, w]; last column and row count as flat.

    With `edge` > 0 each difference is weighted by exp(−edge·|ΔI|) of the `image` [n, c, h, w] beside it.
    """
    multiplier = level_multiplier(level)
    mask = border_mask(*flow.shape[-2:], flow.device)
    across = F.pad(flow[..., :, :-1] - flow[..., :, 1:], (0, 1))
    down = F.pad(flow[..., :-1, :] - flow[..., 1:, :], (0, 0, 0, 1))
    penalties = [charbonnier(multiplier * difference, 0.3) for difference in (across, down)]
    if edge > 0:
        change_across = F.pad((image[..., :, :-1] - image[..., :, 1:]).abs().mean(1, keepdim=True), (0, 1))
        change_down = F.pad((image[..., :-1, :] - image[..., 1:, :]).abs().mean(1, keepdim=True), (0, 0, 0, 1))
        penalties = [p * torch.exp(-edge * change) for p, change in zip(penalties, (change_across, change_down))]
    penalty = torch.stack(penalties, 1).flatten(0, 1)
    return masked_mean(penalty[:, 0::2], mask), masked_mean(penalty[:, 1::2], mask)


def level_multiplier(level: int) -> float:
    """Pixels of a level in one raw unit."""
    return FLOW_UNIT_PX / 2 ** (level - 1)


def level_terms(images: Tensor, flow: Tensor, level: int, edge: float = 0.0, occluded: Tensor | None = None):
    """Pixel, smoothness of u, smoothness of v and SSIM terms of a level, each a mean.

    images: [n, 3·frames, h, w], loss images of this level. flow: [n, 2·(frames−1), h, w], raw.
    occluded: [n, 1, h, w], true where nothing can be compared (frame pairs only): what is warped counts as right there.
    """
    n, c, h, w = images.shape
    pairs = c // 3 - 1
    targets, sources = images[:, :-3], images[:, 3:]
    moved = flow.reshape(n * pairs, 2, h, w) * level_multiplier(level)
    warped = warp(sources.reshape(n * pairs, 3, h, w), moved).reshape(n, 3 * pairs, h, w)
    if occluded is not None:
        warped = torch.where(occluded, targets, warped)
    pixel = masked_mean(charbonnier(255 * (targets - warped), 0.4), border_mask(h, w, flow.device))
    smooth_u, smooth_v = smoothness_terms(flow, level, targets, edge)
    return pixel, smooth_u, smooth_v, (1 - ssim(targets, warped)).mean()


def ssim_coefficient(level: int) -> float:
    """Weight of the mean of 1 − SSIM that equals the released sum over channels and windows at 224×224."""
    side = REFERENCE_SIDE // 2 ** (level - 1)
    return SSIM_WEIGHT[level] * REFERENCE_CHANNELS * _windows(side, torch.device("cpu")).shape[0] ** 2


def unsupervised_loss(
    frames: Tensor, levels: list[Tensor], objective: Objective, occluded: Tensor | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """The objective over all levels, and its terms summed over them.

    frames: [n, 3·frames, h, w] as MotionNet reads them, without noise. levels: raw flow of levels 2 to 6.
    occluded: [n, 1, h/2, w/2], true where the finest flow points to something hidden.
    """
    normalised = local_response_normalisation(frames)
    terms = {"pixel": 0.0, "smooth": 0.0, "ssim": 0.0}
    for level, flow in enumerate(levels, start=2):
        size = flow.shape[-2:]
        hidden = None
        if occluded is not None:
            hidden = F.interpolate(occluded.float(), size, mode="area") > 0.5
        pixel, smooth_u, smooth_v, dissimilarity = level_terms(
            resize_to_level(normalised, size), flow.float(), level, objective.edge, hidden
        )
        terms["pixel"] += pixel / CAFFE_BATCH
        terms["smooth"] += objective.smoothness * (2 / 3) * (smooth_u + smooth_v) / CAFFE_BATCH
        terms["ssim"] += objective.ssim * ssim_coefficient(level) * dissimilarity
    return sum(terms.values()), {name: term.detach() for name, term in terms.items()}


def occlusions(forward: Tensor, backward: Tensor) -> Tensor:
    """[n, 1, h, w]: where the way there and back does not end where it began (Meister et al. 2018, UnFlow).

    Both flows are [n, 2, h, w] in their own pixels; a way out of the picture counts as hidden.
    """
    returned = warp(backward, forward)
    mismatch = (forward + returned).square().sum(1, keepdim=True)
    magnitude = (forward.square() + returned.square()).sum(1, keepdim=True)
    outside = warp(torch.ones_like(forward[:, :1]), forward) < 0.5
    return (mismatch > 0.01 * magnitude + 0.5) | outside


def known_motion_loss(levels: list[Tensor], truth: Tensor) -> Tensor:
    """Mean endpoint error in pixels over all levels, halved from each level to the next coarser one.

    truth: [n, 2, h, w] in full-resolution pixels.
    """
    total = 0.0
    for level, flow in enumerate(levels, start=2):
        target = F.interpolate(truth, flow.shape[-2:], mode="area")
        distance = ((flow.float() * FLOW_UNIT_PX - target).square().sum(1) + 1e-4).sqrt()
        total = total + distance.mean() * 0.5 ** (level - 2)
    return total


def photometric_ratio(first: Tensor, second: Tensor, flow: Tensor) -> float:
    """Mean |I₀ − warped I₁| / mean |I₀ − I₁| without a border of a tenth; `flow` [n, 2, h, w] in pixels."""
    h, w = first.shape[-2:]
    mask = border_mask(h, w, flow.device)
    residual = masked_mean((first - warp(second, flow)).abs(), mask)
    return (residual / masked_mean((first - second).abs(), mask)).item()
