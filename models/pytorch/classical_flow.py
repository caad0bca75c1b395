"""Writes DIS flow of all clips where `train_streams.py` and `train_spatial.py` look for MotionNet's.

Flow of adjacent frames by OpenCV's DIS, preset medium, quantised to the 256 levels of stored flow images (±20 px) and averaged to half the size,
as two-stage models read it. `--folds` also writes that of the mirrored held-out clips of those folds, which `--fold` scores.
"""

import argparse
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np
import torch

from clips import load_clips

LARGEST_PX = 20.0
"""Longer components are clipped, as in the paper."""

frames: np.ndarray  # [n, 3, h, w] in the worker processes


def quantised(flow: np.ndarray) -> np.ndarray:
    """Flow in pixels on the levels of stored images."""
    step = 2 * LARGEST_PX / 255
    level = np.clip(np.floor((np.clip(flow, -LARGEST_PX, LARGEST_PX) + LARGEST_PX) / step + 0.5), 0, 255)
    return level * step - LARGEST_PX


def flow_of_clip(job: tuple[int, int, bool]) -> np.ndarray:
    """[length - 1, 2, h / 2, w / 2] in MotionNet's unit of 20 px, of `(first frame, length, mirrored)`."""
    first, length, mirrored = job
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    pictures = [np.ascontiguousarray(frame.transpose(1, 2, 0)) for frame in frames[first : first + length]]
    pictures = [cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in pictures]
    if mirrored:
        pictures = [np.ascontiguousarray(picture[:, ::-1]) for picture in pictures]
    h, w = pictures[0].shape
    flows = [np.zeros((0, 2, h // 2, w // 2), np.float16)]
    for one, other in zip(pictures[:-1], pictures[1:]):
        flow = quantised(method.calc(one, other, None)).transpose(2, 0, 1)
        halves = flow.reshape(1, 2, h // 2, 2, w // 2, 2).mean((3, 5))
        flows.append((halves / LARGEST_PX).astype(np.float16))
    return np.concatenate(flows)


def main() -> None:
    global frames
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder written by clips.py")
    parser.add_argument("--out", type=Path, required=True, help="the folder for --flow of the trainings")
    parser.add_argument("--folds", type=int, nargs="*", default=[])
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    device = torch.device("cpu")
    clips = load_clips(arguments.data, device, None)
    frames = clips.frames.numpy()
    h, w = frames.shape[-2:]
    wanted = {"all": (clips.indices(None), False)}
    for fold in arguments.folds:
        held_out = load_clips(arguments.data, device, fold).indices(True)
        wanted[f"held-out-{fold}-mirrored"] = (held_out, True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, (which, mirrored) in wanted.items():
        path = arguments.out / f"{name}-{w}x{h}.f16"
        jobs = [(int(clips.first[clip]), int(clips.length[clip]), mirrored) for clip in which.tolist()]
        with Pool() as pool, open(path.with_suffix(".part"), "wb") as file:
            for flow in pool.imap(flow_of_clip, jobs):
                file.write(flow.tobytes())
        path.with_suffix(".part").rename(path)


if __name__ == "__main__":
    main()
