"""Accuracy of both streams and of their fusion on the recordings that each fold held out.

`python fusion.py --data decoded --temporal runs/fold0 runs/fold1 --spatial runs/spatial` reads the logits that
`train_streams.py temporal-a --fold K` and `train_spatial.py` left, and prints top-1 for weights of the temporal stream.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file

from clips import load_clips

WEIGHTS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder written by clips.py")
    parser.add_argument("--temporal", type=Path, nargs="+", required=True, help="runs of different folds")
    parser.add_argument("--spatial", type=Path, required=True, help="run of train_spatial.py")
    arguments = parser.parse_args()
    label = load_clips(arguments.data, torch.device("cpu")).label
    folds = [load_file(run / "held-out.safetensors") for run in arguments.temporal]
    clips, temporal = (torch.cat([fold[name] for fold in folds]) for name in ("clips", "logits"))
    spatial = {name: logits[clips] for name, logits in load_file(arguments.spatial / "held-out.safetensors").items()}
    top1 = lambda logits: f"{100 * (logits.argmax(1) == label[clips]).float().mean():.1f}"
    print(f"{len(clips)} clips, temporal {top1(temporal)}", flush=True)
    for name, logits in spatial.items():
        fused = [f"{weight:g}: {top1(logits + weight * temporal)}" for weight in WEIGHTS]
        print(f"spatial, {name}: {top1(logits)}, fused by weight of the temporal stream: {', '.join(fused)}", flush=True)


if __name__ == "__main__":
    main()
