#!/usr/bin/env python3
"""Compares ONNX files of `motionscope export` in onnxruntime with what the program computes itself.

    python3 -m venv venv && venv/bin/pip install onnxruntime safetensors numpy
    motionscope export --onnx onnx --batch 2 --example && venv/bin/python tests/compare_onnx.py onnx

Prints the largest difference of each output and exits with 1 if one is beyond the tolerance: 1e-4 of the largest value
(1e-2 in half precision, `--tolerance 1e-2`).
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from safetensors.numpy import load_file

OUTPUTS = {
    "motion": {"flow": "flow"},
    "temporal": {"logits": "temporal_logits"},
    "spatial": {"logits": "spatial_logits"},
    "two-stream": {name: name for name in ("flow", "temporal_logits", "spatial_logits", "probabilities")},
}


def runs_of(session, example):
    """The inputs of a file: MotionNet alone may read fewer frames than a window has, one pair after another."""
    wanted = {value.name: value.shape for value in session.get_inputs()}
    count = wanted.get("frames", [0, 0])[1]
    frames = example["frames"]
    if "frames" in wanted and count < frames.shape[1]:
        return [{"frames": frames[:, k : k + count]} for k in range(frames.shape[1] - count + 1)], True
    return [{name: example[name] for name in wanted}], False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tolerance", type=float, default=1e-4, help="relative to the largest value")
    arguments = parser.parse_args()
    example = load_file(arguments.folder / "example.safetensors")
    compared, failed = 0, False
    for name, outputs in OUTPUTS.items():
        path = arguments.folder / f"{name}.onnx"
        if not path.exists():
            continue
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        inputs, is_pairwise = runs_of(session, example)
        results = [session.run(list(outputs), feed) for feed in inputs]
        for place, expected in enumerate(outputs.values()):
            if expected not in example:
                continue
            values = np.concatenate([result[place] for result in results], axis=1 if is_pairwise else 0)
            largest = np.abs(example[expected]).max()
            difference = np.abs(values - example[expected]).max()
            compared += 1
            failed |= not difference <= arguments.tolerance * largest
            print(f"{name}.onnx {expected}: {difference:.2e} of {largest:.3g}")
    print(f"{compared} outputs compared")
    sys.exit(failed or compared == 0)


if __name__ == "__main__":
    main()
