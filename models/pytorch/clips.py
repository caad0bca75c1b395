"""Clips on the device: decoded once, drawn from at random with all augmentation done there.

`python clips.py --clips FOLDER --list trainlist01.txt --classes classInd.txt --out FOLDER` decodes; the training
programs load what it wrote. Held-out clips are whole source videos (the gNN of a name), about a tenth of each class.
"""

import argparse
import json
import math
import os
import re
import zlib
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from networks import constant

FRAME_SIZE = (240, 320)
"""Height and width to which frames are brought: those of J-HMDB."""

HELD_OUT_SHARE = 0.1
"""Share of each class's clips that is kept for validation."""


FOLDS = 5
"""Of the recordings, where a figure is the mean over several held-out parts."""


@dataclass
class Clips:
    """All frames of all clips, one after the other.

    frames: [total, 3, h, w] bytes, blue green red. first, length, label: [clips]. held_out: [clips], for validation.
    """

    frames: Tensor
    first: Tensor
    length: Tensor
    label: Tensor
    held_out: Tensor
    classes: list[str]
    names: list[str]

    def indices(self, held_out: bool | None) -> Tensor:
        """Clips that are held out, that are not, or all of them (None)."""
        everything = torch.arange(len(self.first), device=self.first.device)
        return everything if held_out is None else everything[self.held_out == held_out]


def decode(path: str) -> np.ndarray | None:
    """The frames of a video, [n, 3, h, w] bytes, or None if there are fewer than two."""
    cv2.setNumThreads(1)
    video, frames = cv2.VideoCapture(path), []
    while (read := video.read())[0]:
        frame = read[1]
        if frame.shape[:2] != FRAME_SIZE:
            frame = cv2.resize(frame, FRAME_SIZE[::-1], interpolation=cv2.INTER_AREA)
        frames.append(frame.transpose(2, 0, 1))
    return np.stack(frames) if len(frames) >= 2 else None


def held_out_groups(names: list[str]) -> set[tuple[str, str]]:
    """For each class the source video whose clips come nearest to the share to hold out, ties broken by a checksum."""
    sizes: dict[tuple[str, str], int] = {}
    for name in names:
        sizes[source_video(name)] = sizes.get(source_video(name), 0) + 1
    chosen = set()
    for action in {action for action, _ in sizes}:
        groups = [group for group in sizes if group[0] == action]
        wanted = HELD_OUT_SHARE * sum(sizes[group] for group in groups)
        distance = lambda group: (abs(sizes[group] - wanted), zlib.crc32("/".join(group).encode()))
        if len(groups) > 1:
            chosen.add(min(groups, key=distance))
    return chosen


def source_video(name: str) -> tuple[str, str]:
    """Class and source video of a clip `Class/v_Class_gNN_cNN.mp4`."""
    found = re.search(r"_(g\d+)_c\d+", name)
    return Path(name).parent.name, found.group(1) if found else Path(name).stem


def folds(recordings: list[tuple[str, str]], count: int) -> list[int]:
    """The fold of each clip: recordings of a class are dealt out, those with most clips first."""
    fold, totals = {}, [0] * count
    for action in sorted({action for action, _ in recordings}):
        sizes = {r: recordings.count(r) for r in set(recordings) if r[0] == action}
        load = [0] * count
        for recording in sorted(sizes, key=lambda r: (-sizes[r], zlib.crc32("/".join(r).encode()))):
            fold[recording] = min(range(count), key=lambda place: (load[place], totals[place]))
            load[fold[recording]] += sizes[recording]
            totals[fold[recording]] += sizes[recording]
    return [fold[recording] for recording in recordings]


def prepare(folder: Path, list_file: Path, classes_file: Path, out: Path, every: int | None) -> None:
    """Decodes the listed clips into `out`: frames.bin and, written last, index.json.

    Clips that cannot be read are named and left out.
    """
    classes = [line.split()[1] for line in classes_file.read_text().splitlines() if line.strip()]
    entries = [line.split() for line in list_file.read_text().splitlines() if line.strip()][:: every or 1]
    out.mkdir(parents=True, exist_ok=True)
    names, labels, lengths = [], [], []
    with Pool(os.cpu_count()) as pool, open(out / "frames.bin", "wb") as file:
        paths = [str(folder / name) for name, _ in entries]
        for (name, label), frames in zip(entries, pool.imap(decode, paths, chunksize=4)):
            if frames is None:
                print(f"{name} cannot be read and is left out", flush=True)
                continue
            file.write(frames.data)
            names.append(name)
            labels.append(int(label) - 1)
            lengths.append(len(frames))
    chosen = held_out_groups(names)
    held_out = [source_video(name) in chosen for name in names]
    index = {"classes": classes, "names": names, "label": labels, "length": lengths, "held_out": held_out}
    (out / "index.json").write_text(json.dumps(index))
    print(f"{len(names)} clips, {sum(lengths)} frames, {sum(held_out)} clips held out", flush=True)


def load_clips(folder: Path, device: torch.device, fold: int | None = None) -> Clips:
    """What `prepare` wrote, on `device`; with `fold` that one of five folds of recordings is held out instead."""
    index = json.loads((folder / "index.json").read_text())
    if fold is not None:
        places = folds([source_video(name) for name in index["names"]], FOLDS)
        index["held_out"] = [place == fold for place in places]
    frames = np.memmap(folder / "frames.bin", np.uint8, mode="c").reshape(-1, 3, *FRAME_SIZE)
    length = torch.tensor(index["length"])
    return Clips(
        frames=torch.from_numpy(frames).to(device),
        first=(length.cumsum(0) - length).to(device),
        length=length.to(device),
        label=torch.tensor(index["label"], device=device),
        held_out=torch.tensor(index["held_out"], device=device),
        classes=index["classes"],
        names=index["names"],
    )


@dataclass
class View:
    """How a picture is seen by each sample: an affine map from output pixels to source pixels.

    matrix: [b, 2, 2]. centre: [b, 2], the source pixel in the middle of the output.
    """

    matrix: Tensor
    centre: Tensor

    def source_points(self, points: Tensor, size: tuple[int, int]) -> Tensor:
        """Output pixels [b, h, w, 2] (column, row) of an output of `size` → source pixels."""
        middle = constant(((size[1] - 1) / 2, (size[0] - 1) / 2), points.device)
        return torch.einsum("bij,bhwj->bhwi", self.matrix, points - middle) + self.centre[:, None, None]


@dataclass
class Motion:
    """A smooth movement of the plane: translation, a linear part about a centre, and a wave.

    translation, centre: [b, 2] px. linear: [b, 2, 2]. amplitude: [b, 2] px. frequency: [b, 2] rad/px. phase: [b, 2].
    """

    translation: Tensor
    linear: Tensor
    centre: Tensor
    amplitude: Tensor
    frequency: Tensor
    phase: Tensor

    def move(self, points: Tensor) -> Tensor:
        """Where the points [b, h, w, 2] go."""
        spread = lambda x: x[:, None, None]
        bent = torch.einsum("bij,bhwj->bhwi", self.linear, points - spread(self.centre))
        angle = (points * spread(self.frequency)).sum(-1, keepdim=True) + spread(self.phase)
        return points + spread(self.translation) + bent + spread(self.amplitude) * torch.sin(angle)


def pixel_grid(batch: int, size: tuple[int, int], device: torch.device) -> Tensor:
    """[b, h, w, 2]: column and row of every pixel."""
    rows, columns = torch.meshgrid(
        torch.arange(size[0], device=device), torch.arange(size[1], device=device), indexing="ij"
    )
    return torch.stack([columns, rows], -1).float().expand(batch, -1, -1, -1)


def sample(pictures: Tensor, points: Tensor) -> Tensor:
    """Bilinear samples of `pictures` [b, c, h, w] at source pixels [b, h', w', 2], mirrored at their borders."""
    h, w = pictures.shape[-2:]
    grid = points * constant((2 / (w - 1), 2 / (h - 1)), points.device) - 1
    return F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=True)


class PairSampler:
    """Draws augmented pairs of frames for MotionNet, in 0…255.

    Real pairs are two frames of a clip. Pairs of known motion are made from single frames: a picture as background and
    blobs of other pictures before it, each moving by itself; no ground truth of any data set is involved.
    """

    STRIDES_FROM = (0.4, 0.7, 0.9)
    """Of all pairs of frames, the share that is less than 2, 3 and 4 frames apart."""
    BLOBS = 4
    HARMONICS = 4

    def __init__(self, clips: Clips, held_out: bool | None = False, seed: int = 0, smallest: float = 0.6):
        self.clips, self.which, self.smallest = clips, clips.indices(held_out), smallest
        self.device = clips.frames.device
        self.random = torch.Generator(self.device).manual_seed(seed)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=self.random, device=self.device)

    def log_uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return self.uniform(math.log(low), math.log(high), *shape).exp()

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.random, device=self.device)

    def real(self, batch: int, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Two frames 1 to 4 apart, in either order, under one view; half of them with a camera movement added."""
        clip = self.draw_clips(batch)
        stride = 1 + torch.bucketize(self.uniform(0, 1, batch), constant(self.STRIDES_FROM, self.device))
        stride = torch.minimum(stride, self.clips.length[clip] - 1)
        start = self.clips.first[clip] + self.below(self.clips.length[clip] - stride)
        reverse = self.uniform(0, 1, batch) < 0.5
        one, other = torch.where(reverse, start + stride, start), torch.where(reverse, start, start + stride)
        view, points = self.view(batch, size), pixel_grid(batch, size, self.device)
        camera = self.motion(batch, size, self.log_uniform(0.5, 12, batch) * (self.uniform(0, 1, batch) < 0.5))
        first = sample(self.pictures(one), view.source_points(camera.move(points), size))
        second = sample(self.pictures(other), view.source_points(points, size))
        return self.recolour(first, second)

    def known_motion(self, batch: int, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        """Two frames and the flow between them, [b, 2, h, w] in pixels."""
        points = pixel_grid(batch, size, self.device)
        speed = self.log_uniform(0.5, 24, batch)
        background = self.motion(batch, size, speed)
        moved = background.move(points)
        pictures, view = self.still(batch), self.view(batch, size)
        first = sample(pictures, view.source_points(moved, size))
        second = sample(pictures, view.source_points(points, size))
        flow = moved - points
        blobs = self.blobs(speed, background, size)
        for fore_first, fore_second, before, after, fore_flow in zip(*(part.split(batch) for part in blobs)):
            first = torch.lerp(first, fore_first, before)
            second = torch.lerp(second, fore_second, after)
            flow = torch.where(before[:, 0, :, :, None] > 0.5, fore_flow, flow)
        return *self.recolour(first, second), flow.permute(0, 3, 1, 2)

    def blobs(self, speed: Tensor, background: Motion, size: tuple[int, int]) -> tuple[Tensor, ...]:
        """All blobs of all samples at once, blob by blob: both pictures, both opacities and the flow [.., h, w, 2]."""
        count = self.BLOBS * len(speed)
        points = pixel_grid(count, size, self.device)
        motion = self.motion(count, size, speed.repeat(self.BLOBS))
        motion.translation = motion.translation + background.translation.repeat(self.BLOBS, 1)
        moved, opacity = motion.move(points), self.blob(count, size)
        pictures, view = self.still(count), self.view(count, size)
        first = sample(pictures, view.source_points(moved, size))
        second = sample(pictures, view.source_points(points, size))
        return first, second, opacity(moved), opacity(points), moved - points

    def disturb(self, frames: Tensor) -> Tensor:
        """Noise and a slight change of brightness, of each frame by itself: [b, c, h, w] in 0…255."""
        batch = frames.shape[0]
        gain = 1 + 0.02 * self.normal(batch, 1, 1, 1)
        noise = self.uniform(0, 5, batch, 1, 1, 1) * self.normal(*frames.shape)
        return (frames * gain + noise).clamp(0, 255)

    def draw_clips(self, batch: int) -> Tensor:
        return self.which[self.below(torch.full((batch,), len(self.which), device=self.device))]

    def below(self, limits: Tensor) -> Tensor:
        """A whole number from 0 up to each of the limits, which are not reached."""
        draws = torch.rand(limits.shape, generator=self.random, device=self.device)
        return torch.minimum((draws * limits).long(), limits - 1)

    def pictures(self, frame: Tensor) -> Tensor:
        return self.clips.frames[frame].float()

    def still(self, batch: int) -> Tensor:
        clip = self.draw_clips(batch)
        return self.pictures(self.clips.first[clip] + self.below(self.clips.length[clip]))

    def view(self, batch: int, size: tuple[int, int]) -> View:
        """A crop enlarged `smallest` to 2 times (as far as the picture reaches), turned a little, mirrored on either axis."""
        height, width = self.clips.frames.shape[-2:]
        smallest = max(self.smallest, size[0] / height, size[1] / width)
        scale = self.log_uniform(smallest, max(1.6 * smallest, 1.5), batch)
        angle = 0.15 * self.normal(batch)
        flips = torch.sign(self.uniform(-1, 1, batch, 1, 2))
        cos, sin = angle.cos(), angle.sin()
        turn = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], 1)
        reach = constant((size[1], size[0]), self.device) / (2 * scale[:, None])
        extent = constant((width - 1, height - 1), self.device)
        free = (extent / 2 - reach).clamp(min=0)
        return View(turn * flips / scale[:, None, None], extent / 2 + free * self.uniform(-1, 1, batch, 2))

    def motion(self, batch: int, size: tuple[int, int], speed: Tensor) -> Motion:
        """A movement of about `speed` [b] pixels, about a random centre."""
        speed = speed[:, None]
        wavelength = self.log_uniform(60, 300, batch, 1)
        direction = self.uniform(0, 2 * math.pi, batch)
        frequency = torch.stack([direction.cos(), direction.sin()], -1) * 2 * math.pi / wavelength
        return Motion(
            translation=0.7 * speed * self.normal(batch, 2),
            linear=0.0025 * speed[:, None] * self.normal(batch, 2, 2),
            centre=self.uniform(0, 1, batch, 2) * constant((size[1], size[0]), self.device),
            amplitude=0.08 * speed * self.normal(batch, 2),
            frequency=frequency,
            phase=self.uniform(0, 2 * math.pi, batch, 1),
        )

    def blob(self, batch: int, size: tuple[int, int]):
        """A function from points [b, h, w, 2] to the opacity [b, 1, h, w] of a star-shaped, stretched patch."""
        centre = self.uniform(0, 1, batch, 2) * constant((size[1], size[0]), self.device)
        radius = self.log_uniform(8, 90, batch)[:, None, None]
        stretch, tilt = self.log_uniform(1, 4, batch).sqrt(), self.uniform(0, math.pi, batch)
        cos, sin = tilt.cos(), tilt.sin()
        axes = torch.stack(
            [torch.stack([cos, sin], -1) * stretch[:, None], torch.stack([-sin, cos], -1) / stretch[:, None]], 1
        )
        weights = 0.2 * self.normal(batch, self.HARMONICS)
        phases = self.uniform(0, 2 * math.pi, batch, self.HARMONICS)

        def opacity(points: Tensor) -> Tensor:
            offset = torch.einsum("bij,bhwj->bhwi", axes, points - centre[:, None, None])
            angle = torch.atan2(offset[..., 1], offset[..., 0])
            outline = torch.ones_like(angle)
            for order in range(self.HARMONICS):
                weight, phase = weights[:, order, None, None], phases[:, order, None, None]
                outline = outline + weight / (1 + 0.5 * order) * torch.cos((order + 1) * angle + phase)
            return (radius * outline - offset.norm(dim=-1) + 0.5).clamp(0, 1)[:, None]

        return opacity

    def recolour(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """The same change of gamma, contrast, brightness and colour for both frames."""
        batch = first.shape[0]
        gamma = self.log_uniform(0.7, 1.4, batch, 1, 1, 1)
        gain = self.log_uniform(0.8, 1.25, batch, 1, 1, 1) * (1 + 0.06 * self.normal(batch, 3, 1, 1))
        shift = 12 * self.normal(batch, 1, 1, 1)
        change = lambda x: (((x.clamp(min=0) / 255) ** gamma) * 255 * gain + shift).clamp(0, 255)
        return change(first), change(second)


def main() -> None:
    parser = argparse.ArgumentParser(description="Decode clips once for the training programs.")
    parser.add_argument("--clips", type=Path, required=True, help="folder with a folder of clips per class")
    parser.add_argument("--list", type=Path, required=True, help="training list in UCF101's format")
    parser.add_argument("--classes", type=Path, required=True, help="classInd.txt")
    parser.add_argument("--out", type=Path, required=True, help="folder for frames.bin and index.json")
    parser.add_argument("--every", type=int, help="take only every n-th clip of the list")
    arguments = parser.parse_args()
    prepare(arguments.clips, arguments.list, arguments.classes, arguments.out, arguments.every)


if __name__ == "__main__":
    main()
