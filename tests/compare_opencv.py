#!/usr/bin/env python3
"""TV-L1 beside OpenCV's DualTVL1OpticalFlow: time and end-point error in one run, on the same pictures.

Needs `pip install opencv-contrib-python` (5.0 or later; 4.x rounds sample positions to 1/32 pixel) and the program:

    cargo build --release
    tests/compare_opencv.py target/release/motionscope FIRST.png SECOND.png [--truth FLOW.flo] [--size 320x240]

--size cuts the middle out of the pictures (and of the truth). Both sides use all cores (or --threads), take turns so
that whatever else the machine does disturbs both alike, and count with their fastest run. The first run of either does
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--truth", type=Path, help="true flow, for the end-point error")
    parser.add_argument("--size", help="WIDTHxHEIGHT to cut out of the middle")
    parser.add_argument("--presets", nargs="+", default=["opencv", "two-stream", "fast"])
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

    solver = cv2.optflow.DualTVL1OpticalFlow_create()
    theirs = solver.calc(*grey, None)
    times = {name: [] for name in ["OpenCV", *arguments.presets]}
    flows = {"OpenCV": theirs}
    for _ in range(arguments.turns):
        started = time.perf_counter()
        solver.calc(*grey, None)
        times["OpenCV"].append(1e3 * (time.perf_counter() - started))
        for preset in arguments.presets:
            milliseconds, flows[preset] = run(arguments, files, preset, folder / "flow.flo")
            times[preset] += milliseconds

    height, width = grey[0].shape
    print(f"{width}x{height}, {arguments.threads} threads, OpenCV {cv2.__version__}, fastest of {arguments.turns} turns")
    print(f"{'':12} {'ms':>8} {'ratio':>7} {'to OpenCV px':>13} {'to truth px':>12}")
    for name, flow in flows.items():
        fastest, reference = min(times[name]), min(times["OpenCV"])
        to_truth = f"{end_point_error(flow, truth):12.4f}" if truth is not None else f"{'-':>12}"
        print(f"{name:12} {fastest:8.1f} {reference / fastest:7.1f} {end_point_error(flow, theirs):13.4f} {to_truth}")


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
