"""Full-resolution flow of one pair of frames, at several input sizes, and its error on the benchmarks' ground truth.

`python infer.py WEIGHTS FLOW_DATA_FOLDER` prints the average endpoint error of each recipe on Middlebury,
Sintel and FlyingChairs.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from losses import local_response_normalisation, warp
from networks import FLOW_UNIT_PX, MotionNet, constant, motion_input, motion_net_from
from training import half_precision

STRIDE = 32
"""Sides of the network's input are multiples of this."""

SELECTION_WINDOW = 9
"""Side of the square over which photometric errors are averaged before the best size is chosen for a pixel."""


def resize_flow(flow: Tensor, size: tuple[int, int]) -> Tensor:
    """Flow [n, 2, h, w] in its own pixels → in pixels of `size`.

    Corners lie on corners, as in the loss images of training.
    """
    resized = F.interpolate(flow, size, mode="bilinear", align_corners=True)
    factors = constant((size[1] / flow.shape[-1], size[0] / flow.shape[-2]), flow.device)
    return resized * factors[:, None, None]


def resize_frames(frames: Tensor, size: tuple[int, int]) -> Tensor:
    """Averages over the area when shrinking, bilinear when enlarging."""
    if frames.shape[-2:] == size:
        return frames
    return F.interpolate(frames, size, mode="bilinear", antialias=True)


def network_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """`scale` times height and width, rounded to multiples of the stride."""
    return tuple(max(2 * STRIDE, round(side * scale / STRIDE) * STRIDE) for side in size)


def flow_levels(network: MotionNet, first: Tensor, second: Tensor) -> list[Tensor]:
    """Raw flow of levels 2 to 6, in f32, between frames as MotionNet reads them."""
    frames = torch.cat([first, second], 1).contiguous(memory_format=torch.channels_last)
    with half_precision(frames.device):
        levels = network(frames)
    return [level.float().contiguous() for level in levels]


def flow_at(network: MotionNet, first: Tensor, second: Tensor, scale: float) -> Tensor:
    """Flow [n, 2, h, w] in pixels of the frames [n, 3, h, w] in 0…255, computed at `scale` times their size."""
    size = network_size(first.shape[-2:], scale)
    finest = flow_levels(network, *(motion_input(resize_frames(frame, size)) for frame in (first, second)))[0]
    return resize_flow(finest * (FLOW_UNIT_PX / 2), first.shape[-2:])


def photometric_error(first: Tensor, second: Tensor, flow: Tensor, window: int) -> Tensor:
    """[n, 1, h, w]: robust difference of the normalised frames after warping, averaged over `window`×`window` pixels.

    Where the flow leaves the picture the difference counts as large.
    """
    first, second = (local_response_normalisation(motion_input(frame)) for frame in (first, second))
    difference = ((first - warp(second, flow)).square() + 1e-6).sqrt().mean(1, keepdim=True)
    inside = warp(torch.ones_like(second[:, :1]), flow)
    difference = torch.where(inside > 0.99, difference, 1.0)
    return F.avg_pool2d(difference, window, 1, window // 2, count_include_pad=False)


def select(first: Tensor, second: Tensor, candidates: list[Tensor], window: int = SELECTION_WINDOW) -> Tensor:
    """Of several flows, for each pixel the one with the smallest photometric error around it."""
    errors = torch.cat([photometric_error(first, second, flow, window) for flow in candidates], 1)
    best = errors.argmin(1)[:, None, None].expand(-1, 1, 2, -1, -1)
    return torch.stack(candidates, 1).gather(1, best)[:, 0]


def brought_back(first: Tensor, second: Tensor, flow: Tensor) -> Tensor:
    """The second frame warped by `flow` towards the first, which stands in where the flow leaves the picture."""
    inside = warp(torch.ones_like(second[:, :1]), flow) > 0.99
    return torch.where(inside, warp(second, flow), first)


def refine(network: MotionNet, first: Tensor, second: Tensor, flow: Tensor, scale: float) -> Tensor:
    """Adds what the network still sees between the first frame and the second one warped by `flow`."""
    return flow + flow_at(network, first, brought_back(first, second, flow), scale)


def read_flo(path: Path) -> Tensor:
    """Ground truth [2, h, w] of a .flo file."""
    data = np.fromfile(path, np.float32)
    width, height = data[1:3].view(np.int32)
    return torch.from_numpy(data[3:].reshape(height, width, 2)).permute(2, 0, 1)


def benchmark_pairs(folder: Path) -> list[tuple[str, Path, Path, Path]]:
    """Name, first frame, second frame and ground truth of all pairs."""
    pairs = [
        (path.parent.name, *(folder / f"middlebury/other-data/{path.parent.name}/frame{n}.png" for n in (10, 11)), path)
        for path in sorted(folder.glob("middlebury/other-gt-flow/*/flow10.flo"))
    ]
    sintel = folder / "sintel/training"
    for render in ("clean", "final"):
        frames = [sintel / render / "sequence_easy" / f"frame_000{n}.png" for n in (2, 3)]
        pairs.append((f"sintel {render}", *frames, sintel / "flow/sequence_easy/frame_0002.flo"))
    for path in sorted(folder.glob("flyingchairs/data/*_flow.flo")):
        name = path.name.removesuffix("_flow.flo")
        pairs.append((f"chairs {name}", path.with_name(f"{name}_img1.ppm"), path.with_name(f"{name}_img2.ppm"), path))
    return pairs


def read_frame(path: Path) -> Tensor:
    return torch.from_numpy(cv2.imread(str(path))).permute(2, 0, 1)[None].float()


def coarse_to_fine(network: MotionNet, first: Tensor, second: Tensor, scales: list[float]) -> list[Tensor]:
    """Flow after each of the `scales`: the first alone, each further one refining what came before."""
    flows = [flow_at(network, first, second, scales[0])]
    for scale in scales[1:]:
        flows.append(refine(network, first, second, flows[-1], scale))
    return flows


def recipes(network: MotionNet, first: Tensor, second: Tensor) -> dict[str, Tensor]:
    """Flow by each way of using the network."""
    single = {scale: flow_at(network, first, second, scale) for scale in (0.25, 0.5, 1.0)}
    found = {f"scale {scale}": flow for scale, flow in single.items()}
    found["select .25 .5 1"] = select(first, second, list(single.values()))
    for scales in ([1, 1], [0.5, 1], [0.5, 1, 1], [0.25, 0.5, 1], [0.25, 0.5, 1, 1], [0.25, 0.25, 0.5, 0.5, 1, 1]):
        flows = coarse_to_fine(network, first, second, scales)
        name = " → ".join(f"{scale:g}" for scale in scales)
        found[name] = flows[-1]
        found[f"{name}, select"] = select(first, second, [*single.values(), *flows])
    return found


@torch.no_grad()
def main() -> None:
    network, folder = motion_net_from(Path(sys.argv[1])).eval(), Path(sys.argv[2])
    rows = {}
    for name, *paths in benchmark_pairs(folder):
        first, second = (read_frame(path) for path in paths[:2])
        truth = read_flo(paths[2])
        known = truth.abs().amax(0) < 1e9
        flows = {"zero": torch.zeros_like(truth)[None], **recipes(network, first, second)}
        rows[name] = {recipe: (flow[0] - truth).norm(dim=0)[known].mean().item() for recipe, flow in flows.items()}
    middlebury = [name for name in rows if name[0].isupper()]
    sintel, chairs = ([name for name in rows if name.startswith(prefix)] for prefix in ("sintel", "chairs"))
    print(f"{'recipe':44}" + "".join(f"{name[:10]:>11}" for name in [*middlebury, "Middlebury", "Sintel", "Chairs"]))
    for recipe in next(iter(rows.values())):
        mean = lambda names: sum(rows[name][recipe] for name in names) / max(1, len(names))
        values = [rows[name][recipe] for name in middlebury] + [mean(names) for names in (middlebury, sintel, chairs)]
        print(f"{recipe:44}" + "".join(f"{value:11.3f}" for value in values))


if __name__ == "__main__":
    main()
