"""Trains the streams on labelled clips, for a given number of seconds.

    spatial      ImageNet SqueezeNet on single frames
    temporal-a   SqueezeNet on the flow of a frozen MotionNet (paper, mode a)
    temporal-b   both trained by the action loss, from the results of mode a
    temporal-c   both trained by the action loss and the flow's own, from the results of mode a
    fuse         accuracy of both streams and their fusion on the held-out clips

Unless `--all` is given, the held-out clips are left out of training and scored about once a minute. Writes the averaged
weights as `spatial.safetensors` or `temporal.safetensors` (and `motion.safetensors`) and a log to `--out`.
"""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from actions import PAIRS, Crops, FlowStore, logits_of, random_starts, spatial_scores, temporal_scores, top1
from clips import Clips, PairSampler, load_clips
from infer import flow_levels, resize_frames
from losses import END_TO_END, unsupervised_loss
from networks import (
    WINDOW_FRAMES,
    SqueezeNet,
    classifier_input,
    load,
    motion_input,
    motion_net_from,
    save,
    spatial_input,
    squeezenet_from_imagenet,
)
from train_flow import FlowObjective
from training import Average, Clock, Log, Solver, choose_device, floats

INPUT_DEVIATION = 40.0
"""The deviation to which the temporal stream's first layer brings its input: about what pictures have."""


def unit_features(network: SqueezeNet, x: Tensor) -> None:
    """Divides the last features by their mean size, so that a new last layer learns at the rate of the others."""
    with torch.no_grad():
        scale = network.features(x).square().mean().sqrt()
        for layer in (network.fire9.expand1x1, network.fire9.expand3x3):
            layer.weight /= scale
            layer.bias /= scale


def layer_groups(network: SqueezeNet, rate: float, decay: float, head: float) -> list[dict]:
    """Learning rates: `rate` below the last layer, `decay` times it with each block down, `head` times it above."""
    blocks = SqueezeNet.BLOCKS
    rates = {name: rate * decay ** (len(blocks) - 2 - place) for place, name in enumerate(blocks)}
    rates["conv10"] = rate * head
    return [{"params": list(getattr(network, name).parameters()), "lr": rates[name]} for name in blocks]


def mixed_action_loss(stream: SqueezeNet, x: Tensor, label: Tensor, mixup: float) -> Tensor:
    """Cross-entropy with smoothed labels; with `mixup` > 0 on sums of two samples (Zhang et al. 2018)."""
    share = 1.0
    other = torch.arange(len(x), device=x.device)
    if mixup > 0:
        share = float(torch.distributions.Beta(mixup, mixup).sample())
        other = torch.randperm(len(x), device=x.device)
        x = share * x + (1 - share) * x[other]
    logits = logits_of(stream, x)
    entropy = lambda target: F.cross_entropy(logits, target, label_smoothing=0.1)
    return share * entropy(label) + (1 - share) * entropy(label[other])


def recoloured(frames: Tensor) -> Tensor:
    """Brightness, contrast, saturation and balance of each frame [b, 3, h, w] changed, some turned grey."""
    b, device = len(frames), frames.device
    factor = lambda strength, channels=1: torch.exp(strength * (2 * torch.rand(b, channels, 1, 1, device=device) - 1))
    saturation = torch.where(torch.rand(b, 1, 1, 1, device=device) < 0.1, 0.0, factor(0.5))
    grey = frames.mean(1, keepdim=True)
    frames = grey + (frames - grey) * saturation
    mean = frames.mean((1, 2, 3), keepdim=True)
    frames = (mean + (frames - mean) * factor(0.4)) * factor(0.3) * factor(0.1, 3)
    return frames.clamp(0, 255)


def erased(x: Tensor) -> Tensor:
    """A random rectangle of each sample [b, c, h, w] set to zero in half the cases."""
    b, _, h, w = x.shape
    centre, extent = torch.rand(2, b, 2, 1, 1, device=x.device)
    extent = 0.25 * extent * (torch.rand(b, 1, 1, 1, device=x.device) < 0.5)
    rows = (torch.arange(h, device=x.device)[:, None] / h - centre[:, 0]).abs() < extent[:, 0]
    columns = (torch.arange(w, device=x.device) / w - centre[:, 1]).abs() < extent[:, 1]
    return x * ~(rows & columns)[:, None]


class Data:
    """The clips of a run, and which of them it learns from."""

    def __init__(self, arguments: argparse.Namespace, device: torch.device):
        self.clips: Clips = load_clips(arguments.data, device)
        self.train = self.clips.indices(None if arguments.all else False)
        self.held_out = self.clips.indices(True)
        self.scored = not arguments.all

    def draw(self, batch: int) -> tuple[Tensor, Tensor]:
        """Places of clips in `train`, and their labels."""
        place = torch.randint(len(self.train), (batch,), device=self.train.device)
        return place, self.clips.label[self.train[place]]

    def held_out_top1(self, scores: Tensor) -> float:
        return top1(scores, self.clips.label[self.held_out])


def run(
    arguments: argparse.Namespace, name: str, networks: dict[str, nn.Module], groups: list[dict], step_loss, score
) -> None:
    """The loop of all modes: `step_loss()` → loss and terms; `score(averages)` → accuracy on the held-out clips."""
    solver = Solver(groups, weight_decay=arguments.weight_decay, warm_up=arguments.warm_up)
    averages = {key: Average(network, arguments.average) for key, network in networks.items()}
    log, clock, next_report = Log(arguments.out / f"{name}.log"), Clock(arguments.seconds), arguments.report_every

    def report(terms: dict[str, Tensor]) -> None:
        log.write(
            step=solver.steps,
            seconds=clock.elapsed,
            skipped=solver.skipped.item(),
            **floats(terms),
            **score({key: average.network for key, average in averages.items()}),
        )
        for key, average in averages.items():
            save(average.network, arguments.out / f"{key}.safetensors")

    while (progress := clock.progress) < 1:
        loss, terms = step_loss()
        solver.step(loss, progress)
        for key, average in averages.items():
            average.update(networks[key])
        if clock.elapsed >= next_report:
            next_report = clock.elapsed + arguments.report_every
            report(terms)
    report(terms)


def train_spatial(arguments: argparse.Namespace, device: torch.device) -> None:
    data, size = Data(arguments, device), tuple(arguments.spatial_size)
    clips = data.clips
    network = squeezenet_from_imagenet(arguments.imagenet, 3, len(clips.classes), arguments.dropout)
    network = network.to(device, memory_format=torch.channels_last)
    middle = clips.first[data.train] + clips.length[data.train] // 2
    unit_features(network, spatial_input(resize_frames(clips.frames[middle[::10]].float(), size)))

    def step_loss():
        place, label = data.draw(arguments.batch)
        clip = data.train[place]
        frame = clips.first[clip] + random_starts(clips.length[clip], 1)
        pictures = Crops.draw(arguments.batch, arguments.smallest_crop, device).apply(clips.frames[frame].float(), size)
        x = erased(spatial_input(recoloured(pictures)))
        loss = mixed_action_loss(network, x, label, arguments.mixup)
        return loss, {"action": loss.detach()}

    def score(averages: dict[str, nn.Module]) -> dict[str, float]:
        if not data.scored:
            return {}
        return {"top1": data.held_out_top1(spatial_scores(averages["spatial"], clips, data.held_out, size))}

    groups = layer_groups(network, arguments.rate, arguments.layer_decay, arguments.head)
    run(arguments, "spatial", {"spatial": network}, groups, step_loss, score)


def train_temporal_a(arguments: argparse.Namespace, device: torch.device) -> None:
    data, size = Data(arguments, device), tuple(arguments.motion_size)
    clips = data.clips
    motion = motion_net_from(arguments.motion).to(device, memory_format=torch.channels_last).eval()
    store = FlowStore(motion, clips, data.train, size)
    flow_size = store.flow.shape[-2:]
    typical = classifier_input(store.flow[:: max(1, len(store.flow) // 256)].float())
    gain = float((INPUT_DEVIATION / typical.std()).clamp(1, 8))
    network = squeezenet_from_imagenet(arguments.imagenet, 2 * PAIRS, len(clips.classes), arguments.dropout, gain)
    network = network.to(device, memory_format=torch.channels_last)

    def draw_input() -> tuple[Tensor, Tensor]:
        place, label = data.draw(arguments.batch)
        flow = store.windows(place, random_starts(store.length[place] + 1, WINDOW_FRAMES))
        flow = Crops.draw(arguments.batch, arguments.smallest_crop, device).apply_to_flow(flow, flow_size)
        speed = torch.exp(0.4 * (2 * torch.rand(arguments.batch, 1, 1, 1, device=device) - 1))
        return classifier_input(flow * speed), label

    unit_features(network, draw_input()[0])

    def step_loss():
        x, label = draw_input()
        loss = mixed_action_loss(network, erased(x), label, arguments.mixup)
        return loss, {"action": loss.detach()}

    def score(averages: dict[str, nn.Module]) -> dict[str, float]:
        if not data.scored:
            return {}
        return {"top1": data.held_out_top1(temporal_scores(motion, averages["temporal"], clips, data.held_out, size))}

    groups = layer_groups(network, arguments.rate, arguments.layer_decay, arguments.head)
    run(arguments, "temporal", {"temporal": network}, groups, step_loss, score)


def train_temporal_jointly(arguments: argparse.Namespace, device: torch.device) -> None:
    """Modes b and c: gradients of the action loss reach MotionNet; in c its own objective is kept as well."""
    data, size = Data(arguments, device), tuple(arguments.motion_size)
    clips = data.clips
    motion = motion_net_from(arguments.motion).to(device, memory_format=torch.channels_last)
    stream = load(SqueezeNet(2 * PAIRS, len(clips.classes), arguments.dropout), arguments.temporal)
    stream = stream.to(device, memory_format=torch.channels_last)
    keeps_flow = arguments.mode == "temporal-c"
    sampler = PairSampler(clips, None if arguments.all else False, seed=arguments.seed)
    flow_objective = FlowObjective(sampler, arguments.flow_batch, arguments.known_weight)

    def step_loss():
        place, label = data.draw(arguments.batch)
        clip = data.train[place]
        start = random_starts(clips.length[clip], WINDOW_FRAMES)
        offset = torch.minimum(
            start[:, None] + torch.arange(WINDOW_FRAMES, device=device), clips.length[clip, None] - 1
        )
        frames = clips.frames[clips.first[clip, None] + offset].flatten(1, 2).float()
        crops = Crops.draw(arguments.batch, arguments.smallest_crop, device)
        frames = motion_input(crops.apply(frames, size).unflatten(1, (WINDOW_FRAMES, 3)))
        first, second = frames[:, :-1].flatten(0, 1), frames[:, 1:].flatten(0, 1)
        levels = flow_levels(motion, first, second)
        x = classifier_input(levels[0].unflatten(0, (-1, PAIRS)).flatten(1, 2))
        loss = mixed_action_loss(stream, x, label, arguments.mixup)
        terms = {"action": loss.detach()}
        if keeps_flow:
            of_windows, _ = unsupervised_loss(torch.cat([first, second], 1), levels, END_TO_END)
            of_pairs, flow_terms = flow_objective(motion, END_TO_END, second_phase=True)
            loss = loss + arguments.flow_weight * (of_windows + of_pairs)
            terms |= flow_terms
        return loss, terms

    def score(averages: dict[str, nn.Module]) -> dict[str, float]:
        if not data.scored:
            return {}
        scores = temporal_scores(averages["motion"], averages["temporal"], clips, data.held_out, size)
        return {"top1": data.held_out_top1(scores)}

    groups = layer_groups(stream, arguments.rate, arguments.layer_decay, head=1.0)
    groups.append(
        {"params": list(motion.parameters()), "lr": arguments.rate * arguments.motion_rate, "weight_decay": 0.0}
    )
    run(arguments, "temporal", {"temporal": stream, "motion": motion}, groups, step_loss, score)


def positive_shares(logits: Tensor) -> Tensor:
    """The released fusion rule: each positive logit's share of their sum, uniform where there is none."""
    positive = logits.clamp(min=0)
    total = positive.sum(1, keepdim=True)
    return torch.where(total > 0, positive / total.clamp(min=1e-12), torch.full_like(logits, 1 / logits.shape[1]))


def fuse(arguments: argparse.Namespace, device: torch.device) -> None:
    """Writes to `fusion.log` what each rule and weight of fusion gives on the held-out clips."""
    data = Data(arguments, device)
    classes = len(data.clips.classes)
    motion = motion_net_from(arguments.motion).to(device).eval()
    temporal = load(SqueezeNet(2 * PAIRS, classes), arguments.temporal).to(device).eval()
    spatial = load(SqueezeNet(3, classes), arguments.spatial).to(device).eval()
    temporal = temporal_scores(motion, temporal, data.clips, data.held_out, tuple(arguments.motion_size))
    spatial = spatial_scores(spatial, data.clips, data.held_out, tuple(arguments.spatial_size))
    log = Log(arguments.out / "fusion.log")
    log.write(clips=len(data.held_out), spatial=data.held_out_top1(spatial), temporal=data.held_out_top1(temporal))
    rules = {"released": positive_shares, "softmax": lambda x: x.softmax(1), "logits": lambda x: x}
    for name, rule in rules.items():
        for weight in (0.5, 1.0, 1.5, 2.0):
            log.write(
                rule=name, temporal_weight=weight, top1=data.held_out_top1(rule(spatial) + weight * rule(temporal))
            )


MODES = {
    "spatial": train_spatial,
    "temporal-a": train_temporal_a,
    "temporal-b": train_temporal_jointly,
    "temporal-c": train_temporal_jointly,
    "fuse": fuse,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--data", type=Path, required=True, help="folder written by clips.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=180, help="length of the run")
    parser.add_argument("--all", action="store_true", help="learn from the held-out clips too and score nothing")
    parser.add_argument("--imagenet", type=Path, help="ImageNet weights, for spatial and temporal-a")
    parser.add_argument("--motion", type=Path, help="MotionNet weights, for the temporal modes and fuse")
    parser.add_argument("--temporal", type=Path, help="temporal weights, for modes b and c and fuse")
    parser.add_argument("--spatial", type=Path, help="spatial weights, for fuse")
    parser.add_argument("--motion-size", type=int, nargs=2, default=(192, 256), metavar=("H", "W"))
    parser.add_argument("--spatial-size", type=int, nargs=2, default=(227, 227), metavar=("H", "W"))
    parser.add_argument("--batch", type=int, default=64, help="clips a step")
    parser.add_argument("--rate", type=float, default=3e-4, help="learning rate of the layers below the last")
    parser.add_argument("--head", type=float, default=5.0, help="factor on the rate of the new last layer")
    parser.add_argument(
        "--layer-decay", type=float, default=0.8, help="factor on the rate from block to block downwards"
    )
    parser.add_argument("--weight-decay", type=float, default=0.02)
    parser.add_argument("--dropout", type=float, default=0.5)
    parser.add_argument("--mixup", type=float, default=0.2, help="parameter of the beta distribution; 0 for none")
    parser.add_argument("--smallest-crop", type=float, default=0.55, help="side of the smallest crop, as a share")
    parser.add_argument(
        "--motion-rate", type=float, default=0.1, help="MotionNet's rate as a share of --rate (modes b, c)"
    )
    parser.add_argument("--flow-weight", type=float, default=0.1, help="factor on the flow's own losses (mode c)")
    parser.add_argument("--flow-batch", type=int, default=32, help="further pairs a step (mode c)")
    parser.add_argument("--known-weight", type=float, default=1.5, help="as in train_flow.py (mode c)")
    parser.add_argument("--average", type=float, default=0.998, help="decay of the averaged weights")
    parser.add_argument("--warm-up", type=int, default=100, help="steps")
    parser.add_argument("--report-every", type=float, default=60, help="seconds")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    MODES[arguments.mode](arguments, choose_device())


if __name__ == "__main__":
    main()
