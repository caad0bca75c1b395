"""Fits the last layer of the spatial stream to labelled clips; the ImageNet EfficientNet-Lite below it stays as it is.

With the few hundred recordings of a small data set, changing the layers below made every network worse that was tried.
`--crop` says what of each frame the network sees: the whole, the square around the motion (of `--motion`'s flow), or one
after the other. Prints the accuracy in five folds of recordings for each of the views, writes the held-out logits, then
fits all clips and writes `spatial.safetensors` to `--out`, for `motionscope import --spatial`.
"""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from actions import VIEWS, FlowStore, features_of, spread
from clips import FOLDS, Clips, folds, load_clips, source_video
from efficientnet_lite import EfficientNetLite, imagenet_lite
from infer import resize_frames
from motion_crop import cropped, motion_squares
from networks import WINDOW_FRAMES, motion_net_from, save, spatial_input
from training import choose_device

FITS = 4
LABEL_SMOOTHING = 0.1
DROPOUT = 0.8
"""Of 1280 features; with few recordings it does better than a penalty on the weights."""


@torch.no_grad()
def features_of_clips(
    network: EfficientNetLite, clips: Clips, size: tuple[int, int], store: FlowStore | None
) -> Tensor:
    """[clips, 2 VIEWS, 1280]: of evenly spread frames and the same mirrored, of the square around the motion in `store`."""
    features = []
    for clip, (first, length) in enumerate(zip(clips.first.tolist(), clips.length.tolist())):
        frame = torch.tensor([first + spread(length - 1, view) for view in range(VIEWS)])
        frames = clips.frames[frame].float()
        if store is None:
            pictures = resize_frames(frames, size)
        else:
            # The window around each frame; the square lies in the frame as the network sees it.
            start = (frame - first - WINDOW_FRAMES // 2).clamp(min=0).clamp(max=max(length - WINDOW_FRAMES, 0))
            squares = motion_squares(store.windows(torch.full((VIEWS,), clip), start), size)
            pictures = cropped(resize_frames(frames, size), squares, size)
        pictures = spatial_input(pictures)
        features.append(features_of(network, torch.cat([pictures, pictures.flip(-1)])))
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder written by clips.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--version", choices="012", default="2", help="of EfficientNet-Lite")
    parser.add_argument("--size", type=int, nargs=2, default=(260, 260), metavar=("H", "W"))
    parser.add_argument("--crop", choices=["whole", "motion", "both"], default="whole")
    parser.add_argument("--motion", type=Path, help="MotionNet weights, for the square around the motion")
    parser.add_argument("--motion-size", type=int, nargs=2, default=(192, 256), metavar=("H", "W"))
    parser.add_argument("--flow", type=Path, help="folder that keeps the flow for later runs")
    parser.add_argument("--updates", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    clips = load_clips(arguments.data, choose_device())
    classes, label, size = len(clips.classes), clips.label, tuple(arguments.size)
    network = imagenet_lite(arguments.version, 3, classes, DROPOUT).eval()

    views = {}
    if arguments.crop != "motion":
        views["whole"] = features_of_clips(network, clips, size, None)
    if arguments.crop != "whole":
        motion, flow_size = motion_net_from(arguments.motion).eval(), tuple(arguments.motion_size)
        cache = arguments.flow and arguments.flow / f"all-{flow_size[1]}x{flow_size[0]}.f16"
        store = FlowStore(motion, clips, clips.indices(None), flow_size, cache=cache)
        views["motion"] = features_of_clips(network, clips, size, store)
    features = torch.cat(list(views.values()), 1)
    arguments.out.mkdir(parents=True, exist_ok=True)

    fold = torch.tensor(folds([source_video(name) for name in clips.names], FOLDS))
    logits = {name: torch.zeros(len(label), classes) for name in [*views, "all"]}
    for held_out in (fold == place for place in range(FOLDS)):
        layer = fit(features[~held_out], label[~held_out], classes, arguments.updates)
        for name, seen in (views | {"all": features}).items():
            logits[name][held_out] = logits_of_clips(layer, seen[held_out])
    for name, seen in logits.items():
        top1 = (seen.argmax(1) == label).float().mean()
        print(f"{FOLDS} folds, {name}: top-1 {top1:.4f}, cross-entropy {F.cross_entropy(seen, label):.4f}", flush=True)
    save_file(logits, arguments.out / "held-out.safetensors")

    layer = fit(features, label, classes, arguments.updates)
    network.classifier.load_state_dict(layer.state_dict())
    save(network, arguments.out / "spatial.safetensors")


if __name__ == "__main__":
    main()
