"""The square around the motion of a window, as `src/nets/motion_square.rs` finds it."""

import torch
from torch import Tensor

from clips import sample
from networks import constant

MOVING_SHARE = 0.2
"""Of the places, how many count as moving: those with most motion."""
QUANTILES = (0.12, 0.88)
"""Of the motion, between which the square reaches."""
MARGIN = 1.35
"""Factor on that extent."""
SMALLEST = 0.3
"""Of the shorter side of the picture."""


def motion_squares(flow: Tensor, size: tuple[int, int]) -> Tensor:
    """Raw flow [b, 2n, h, w] of windows → left, top and side [b, 3] of a square in a picture of `size` (height, width).

    What moves is the flow less its median, the camera's. Without any motion it is the middle of the picture.
    """
    b, planes, h, w = flow.shape
    pairs = flow.reshape(b, planes // 2, 2, h, w)
    still = pairs.flatten(3).median(-1).values[..., None, None]
    speed = (pairs - still).square().sum(2).sqrt().mean(1)  # [b, h, w]
    rank = int((1 - MOVING_SHARE) * (h * w - 1))
    floor = speed.flatten(1).sort(1).values[:, rank]
    moving = (speed - floor[:, None, None]).clamp(min=0)
    height, width = size
    spans = [extent(moving.sum(1)) * width, extent(moving.sum(2)) * height]  # of columns and of rows
    shorter = min(size)
    side = torch.stack([MARGIN * (span[:, 1] - span[:, 0]) for span in spans]).amax(0).clamp(SMALLEST * shorter, shorter)
    corner = [
        torch.minimum((span.mean(1) - side / 2).clamp(min=0), length - side)
        for span, length in zip(spans, (width, height))
    ]
    return torch.stack([*corner, side], 1)


def extent(mass: Tensor) -> Tensor:
    """Where the quantiles of `mass` [b, n] lie, as shares of its length, [b, 2]; the whole where there is none."""
    b, n = mass.shape
    mass = torch.where(mass.sum(1, keepdim=True) > 0, mass, torch.ones_like(mass))
    total = mass.cumsum(1) / mass.sum(1, keepdim=True)
    places = []
    for quantile in QUANTILES:
        bin = (total < quantile).sum(1, keepdim=True).clamp(max=n - 1)
        after = total.gather(1, bin)
        of_bin = (mass / mass.sum(1, keepdim=True)).gather(1, bin)
        places.append((bin + 1 - (after - quantile) / of_bin.clamp(min=1e-12))[:, 0] / n)
    return torch.stack(places, 1)


def flow_in_squares(flow: Tensor, squares: Tensor) -> Tensor:
    """Raw flow [b, 2n, h, w] in the squares [b, 3], as large as the shorter side; vectors grow with the picture.

    As `Stream::flow_features` of a stream that looks at the motion.
    """
    side = min(flow.shape[-2:])
    return cropped(flow, squares, (side, side)) * (side / squares[:, 2])[:, None, None, None]


def jittered(squares: Tensor, size: tuple[int, int]) -> Tensor:
    """Squares [b, 3] in pictures of `size` (height, width), changed at random by up to a quarter of their side."""
    b, device = len(squares), squares.device
    side = (squares[:, 2] * torch.exp(0.45 * (torch.rand(b, device=device) - 0.5))).clamp(max=min(size))
    centre = squares[:, :2] + squares[:, 2:] / 2 + 0.25 * side[:, None] * (torch.rand(b, 2, device=device) - 0.5)
    most = constant((size[1], size[0]), device) - side[:, None]
    corner = torch.minimum((centre - side[:, None] / 2).clamp(min=0), most)
    return torch.cat([corner, side[:, None]], 1)


def cropped(pictures: Tensor, squares: Tensor, size: tuple[int, int]) -> Tensor:
    """The squares [b, 3] of `pictures` [b, c, h, w], brought to `size`."""
    axes = [(torch.arange(side, device=pictures.device) + 0.5) / side for side in size]
    rows = squares[:, 1, None] + squares[:, 2, None] * axes[0] - 0.5
    columns = squares[:, 0, None] + squares[:, 2, None] * axes[1] - 0.5
    points = torch.stack(torch.broadcast_tensors(columns[:, None, :], rows[:, :, None]), -1)
    return sample(pictures, points)
