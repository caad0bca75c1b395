#!/usr/bin/env python3
"""TV-L1 and DIS beside OpenCV's DualTVL1OpticalFlow and DISOpticalFlow: time and end-point error in one run, on the
same pictures. Each preset is set against OpenCV's flow by the same method, DIS against the same preset.

Needs `pip install opencv-contrib-python` (TV-L1 is that of 5.0, as 4.x rounds sample positions to 1/32
pixel; DIS that of 4.x) and the program:

    cargo build --release
    tests/compare_opencv.py target/release/motionscope FIRST.png SECOND.png [--truth FLOW.flo] [--size 320x240]

--size cuts the middle out of the pictures (and of the truth). Both sides use all cores (or --threads), take turns so
that whatever else the machine does disturbs both alike, and count with their median and their fastest run. The first run of either does
not count.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np


# OpenCV's presets of DIS, by the names that `bench --preset` knows ours by.
DIS = {
    "dis-ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "dis-fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "dis-medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--truth", type=Path, help="true flow, for the end-point error")
    parser.add_argument("--size", help="WIDTHxHEIGHT to cut out of the middle")
    parser.add_argument("--presets", nargs="+", default=["opencv", "two-stream", "fast", *DIS])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()

    cv2.setNumThreads(arguments.threads)
    pictures = [cut(cv2.imread(str(path)), arguments.size) for path in (arguments.first, arguments.second)]
    truth = cut(read_flo(arguments.truth), arguments.size) if arguments.truth else None
    with tempfile.TemporaryDirectory() as folder:
        compare(arguments, pictures, truth, Path(folder))


def compare(arguments, pictures, truth, folder):
    files = [folder / "first.png", folder / "second.png"]
    for path, picture in zip(files, pictures):
        cv2.imwrite(str(path), picture)
    grey = [cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in pictures]

    rivals = {}
    for name in dict.fromkeys(map(rival, arguments.presets)):
        method = solver(name)
        rivals[name] = (method, [], method.calc(*grey, None))
    times = {preset: [] for preset in arguments.presets}
    flows = {}
    for _ in range(arguments.turns):
        for method, milliseconds, _ in rivals.values():
            for _ in range(3):
                started = time.perf_counter()
                method.calc(*grey, None)
                milliseconds.append(1e3 * (time.perf_counter() - started))
        for preset in arguments.presets:
            milliseconds, flows[preset] = run(arguments, files, preset, folder / "flow.flo")
            times[preset] += milliseconds

    height, width = grey[0].shape
    print(f"{width}x{height}, {arguments.threads} threads, OpenCV {cv2.__version__}, {arguments.turns} turns of 3 runs")
    print(f"{'':22} {'median':>8} {'fastest':>8} {'ratio':>7} {'to OpenCV px':>13} {'to truth px':>12}")
    for name, (_, milliseconds, theirs) in rivals.items():
        row(f"OpenCV {name}", milliseconds, milliseconds, theirs, theirs, truth)
        for preset in (preset for preset in arguments.presets if rival(preset) == name):
            row(preset, times[preset], milliseconds, flows[preset], theirs, truth)


def rival(preset):
    """What OpenCV has against a preset: the same preset of DIS, or TV-L1."""
    return preset if preset in DIS else "tvl1"


def solver(name):
    return cv2.DISOpticalFlow_create(DIS[name]) if name in DIS else cv2.optflow.DualTVL1OpticalFlow_create()


def row(name, milliseconds, reference, flow, theirs, truth):
    middle, ratio = np.median(milliseconds), np.median(reference) / np.median(milliseconds)
    to_truth = f"{end_point_error(flow, truth):12.4f}" if truth is not None else f"{'-':>12}"
    to_theirs = end_point_error(flow, theirs)
    print(f"{name:22} {middle:8.1f} {min(milliseconds):8.1f} {ratio:7.1f} {to_theirs:13.4f} {to_truth}")


def run(arguments, files, preset, flow):
    command = [arguments.program, "bench", "--repeats", "3", "--preset", preset, "--flow", flow, "--pair", *files]
    environment = {**os.environ, "RAYON_NUM_THREADS": str(arguments.threads)}
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return json.loads(output)["milliseconds"], read_flo(flow)


def end_point_error(flow, other):
    known = (np.abs(other) <= 1e9).all(axis=2)
    return np.linalg.norm(flow - other, axis=2)[known].mean()


def read_flo(path):
    width, height = np.fromfile(path, "<i4", 2, offset=4)
    return np.fromfile(path, "<f4", 2 * width * height, offset=12).reshape(height, width, 2)


def cut(plane, size):
    if size is None:
        return plane
    width, height = map(int, size.split("x"))
    y, x = (plane.shape[0] - height) // 2, (plane.shape[1] - width) // 2
    if min(x, y) < 0:
        raise SystemExit(f"{size} does not fit into {plane.shape[1]}x{plane.shape[0]}")
    return plane[y : y + height, x : x + width]


if __name__ == "__main__":
    main()
