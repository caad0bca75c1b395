"""Labelled frames and windows for the streams: random crops for training, whole frames to score.

Scoring is that of `src/evaluation/actions.rs`: a clip is seen through evenly spread windows (and frames), each also
mirrored, and the logits are averaged.
"""

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from clips import Clips, pixel_grid, sample
from infer import flow_levels, resize_frames
from motion_crop import flow_in_squares, motion_squares
from networks import WINDOW_FRAMES, MotionNet, classifier_input, constant, motion_input, spatial_input
from training import half_precision

PAIRS = WINDOW_FRAMES - 1
"""Flows of a window."""

VIEWS = 5
"""Windows and frames of a clip that are scored."""


def logits_of(stream: nn.Module, x: Tensor) -> Tensor:
    with half_precision(x.device):
        return stream(x.contiguous(memory_format=torch.channels_last)).float()


def features_of(stream: nn.Module, x: Tensor) -> Tensor:
    with half_precision(x.device):
        return stream.features(x.contiguous(memory_format=torch.channels_last)).float()


@dataclass
class Crops:
    """A part of the picture for each sample, stretched to the whole output, mirrored or not.

    corner, extent: [b, 2], left and upper edge, width and height, as shares of the picture. mirrored: [b], −1 or 1.
    """

    corner: Tensor
    extent: Tensor
    mirrored: Tensor

    @staticmethod
    def draw(batch: int, smallest: float, device: torch.device) -> "Crops":
        """Sides of `smallest` to 1, alike within 15 %, anywhere or at the border, mirrored in half the cases."""
        side = smallest + (1 - smallest) * torch.rand(batch, 1, device=device)
        extent = (side * torch.exp(0.3 * (torch.rand(batch, 2, device=device) - 0.5))).clamp(smallest, 1)
        place = (1.5 * torch.rand(batch, 2, device=device) - 0.25).clamp(0, 1)
        mirrored = 2.0 * torch.randint(2, (batch,), device=device) - 1
        return Crops((1 - extent) * place, extent, mirrored)

    def apply(self, pictures: Tensor, size: tuple[int, int]) -> Tensor:
        """The crops of `pictures` [b, c, h, w] at `size`."""
        h, w = pictures.shape[-2:]
        share = (pixel_grid(len(pictures), size, pictures.device) + 0.5) / constant(size[::-1], pictures.device)
        across = torch.where(self.mirrored[:, None, None] < 0, 1 - share[..., 0], share[..., 0])
        share = torch.stack([across, share[..., 1]], -1)
        points = (self.corner[:, None, None] + self.extent[:, None, None] * share) * constant(
            (w, h), pictures.device
        ) - 0.5
        return sample(pictures, points)

    def apply_to_flow(self, flow: Tensor, size: tuple[int, int]) -> Tensor:
        """The same of flow [b, 2n, h, w] of whole frames: vectors grow with the picture, mirrored u changes sign."""
        factors = torch.stack([self.mirrored / self.extent[:, 0], 1 / self.extent[:, 1]], 1)
        return self.apply(flow, size) * factors.repeat(1, flow.shape[1] // 2)[:, :, None, None]


class FlowStore:
    """Raw flow2 between all adjacent frames of clips, in f16; clip k's start at first[k].

    The last flow of a clip stands in for those a window would need beyond it. With `cache`, the flow lies in that file,
    where a later run finds it again.
    """

    def __init__(
        self,
        network: MotionNet,
        clips: Clips,
        which: Tensor,
        size: tuple[int, int],
        mirrored: bool = False,
        cache: Path | None = None,
    ):
        self.size = (size[0] // 2, size[1] // 2)
        self.length = clips.length[which] - 1
        self.first = self.length.cumsum(0) - self.length
        shape = (int(self.length.sum()), 2, *self.size)
        if cache is None:
            self.flow = torch.empty(shape, dtype=torch.float16, device=clips.frames.device)
        else:
            is_made = cache.exists() and cache.stat().st_size == 2 * int(np.prod(shape))
            staged = cache if is_made else cache.with_suffix(".part")
            self.flow = torch.from_numpy(np.memmap(staged, np.float16, mode="r+" if is_made else "w+", shape=shape))
            if is_made:
                return
        for clip, place in zip(which.tolist(), self.first.tolist()):
            start, length = int(clips.first[clip]), int(clips.length[clip])
            frames = resize_frames(clips.frames[start : start + length].float(), size)
            frames = frames.flip(-1) if mirrored else frames
            for pair in range(0, length - 1, 8):
                one, other = frames[pair : pair + 9][:-1], frames[pair : pair + 9][1:]
                with torch.no_grad():
                    flow = flow_levels(network, motion_input(one), motion_input(other))[0]
                self.flow[place + pair : place + pair + len(flow)] = flow.half()
        if cache is not None:
            staged.rename(cache)

    def only(self, places: Tensor) -> "FlowStore":
        """The same flow, of the clips at `places` alone."""
        chosen = copy.copy(self)
        chosen.length, chosen.first = self.length[places], self.first[places]
        return chosen

    def windows(self, clip: Tensor, start: Tensor) -> Tensor:
        """Flow [b, 20, h/2, w/2] of the windows that start at frame `start` of the clips at places `clip`."""
        pairs = start[:, None] + torch.arange(PAIRS, device=start.device)
        pairs = torch.minimum(pairs, self.length[clip, None] - 1)
        return self.flow[self.first[clip, None] + pairs].float().flatten(1, 2)


def random_starts(length: Tensor, window: int) -> Tensor:
    """A first frame for each clip of `length` frames so that the window fits."""
    free = (length - window).clamp(min=0) + 1
    return (torch.rand(length.shape, device=length.device) * free).long()


def spread(last: Tensor, view: int) -> Tensor:
    """The start of evenly spread view number `view` where `last` is the last possible one."""
    return view * last // (VIEWS - 1)


@torch.no_grad()
def temporal_scores(stream: nn.Module, stores: list[FlowStore], resolution: str, crop: str = "whole") -> Tensor:
    """Averaged logits [clips, classes] of the temporal stream on the flow of clips, and of the clips mirrored."""

    def scores(flow: Tensor) -> Tensor:
        views = [] if crop == "motion" else [flow]
        if crop != "whole":
            views.append(flow_in_squares(flow, motion_squares(flow, flow.shape[-2:])))
        return torch.stack([logits_of(stream, classifier_input(view, resolution)) for view in views]).mean(0)

    total = 0.0
    for store in stores:
        for view in range(VIEWS):
            clip = torch.arange(len(store.length), device=store.length.device)
            start = spread((store.length + 1 - WINDOW_FRAMES).clamp(min=0), view)
            total = total + torch.cat([scores(store.windows(c, s)) for c, s in zip(clip.split(32), start.split(32))])
    return total / (len(stores) * VIEWS)


@torch.no_grad()
def spatial_scores(stream: nn.Module, clips: Clips, which: Tensor, size: tuple[int, int]) -> Tensor:
    """Averaged logits [clips, classes] of the spatial stream."""
    total = 0.0
    for view in range(VIEWS):
        frame = clips.first[which] + spread(clips.length[which] - 1, view)
        pictures = [spatial_input(resize_frames(clips.frames[part].float(), size)) for part in frame.split(32)]
        total = total + torch.cat([logits_of(stream, x) + logits_of(stream, x.flip(-1)) for x in pictures])
    return total / (2 * VIEWS)


def top1(scores: Tensor, label: Tensor) -> float:
    return (scores.argmax(1) == label).float().mean().item()
