"""Trains the streams on labelled clips, for a given number of seconds.

    spatial      ImageNet SqueezeNet on single frames
    temporal-a   an ImageNet network on the flow of a frozen MotionNet (paper, mode a)
    temporal-b   both trained by the action loss, from the results of mode a
    temporal-c   both trained by the action loss and the flow's own, from the results of mode a
    fuse         accuracy of both streams and their fusion on the held-out clips

Unless `--all` is given, the held-out clips are left out of training and scored about once a minute. Writes the averaged
weights as `spatial.safetensors` or `temporal.safetensors` (and `motion.safetensors`) and a log to `--out`.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from actions import (
    PAIRS,
    Crops,
    FlowStore,
    features_of,
    logits_of,
    random_starts,
    spatial_scores,
    temporal_scores,
    top1,
)
from clips import Clips, load_clips
from efficientnet_lite import imagenet_lite
from infer import flow_levels, resize_frames
from losses import Objective, unsupervised_loss
from motion_crop import flow_in_squares, jittered, motion_squares
from networks import (
    WINDOW_FRAMES,
    SqueezeNet,
    classifier_input,
    constant,
    load,
    motion_input,
    motion_net_from,
    save,
    spatial_input,
    squeezenet_from_imagenet,
)
from training import Average, Clock, Log, Solver, choose_device, floats

LABEL_SMOOTHING = 0.1

STATISTICS_BATCHES = 30
"""After which the running statistics of batch normalisation are those of the input: 0.9^30 of the old ones are left."""

RELEASED_END_TO_END = Objective(ssim=0.1)
"""The flow's own losses in mode c: SSIM a tenth of what it is in MotionNet's own training."""


def fit_last_layer(network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], fits: int = 1) -> None:
    """Logistic regression of the labels on the features of otherwise unchanged layers.

    `batches` are inputs and labels. The layer is the mean of several fits from random starts. A random last layer would
    spoil the features with its first gradients. Features of a SqueezeNet, which run into the tens, are brought to unit
    size for good; those of other networks are near it.
    """
    with torch.no_grad():
        batches = list(batches)
        for x, _ in batches[: STATISTICS_BATCHES if has_statistics(network) else 0]:
            features_of(network.train(), x)  # batch normalisation gets to know the input
        seen = [(features_of(network.eval(), x), label) for x, label in batches]
        features, labels = (torch.cat(parts) for parts in zip(*seen))
        if isinstance(network, SqueezeNet):
            scale = features.square().mean().sqrt()
            features = features / scale
            for layer in (network.fire9.expand1x1, network.fire9.expand3x3):
                layer.weight /= scale
                layer.bias /= scale
    last = getattr(network, network.LAST)
    layers = [logistic_regression(features, labels, last.bias.shape[0]) for _ in range(fits)]
    with torch.no_grad():
        weight = torch.stack([layer.weight for layer in layers]).mean(0)
        last.weight.copy_(weight.reshape(last.weight.shape))
        last.bias.copy_(torch.stack([layer.bias for layer in layers]).mean(0))
    network.train()


def has_statistics(network: nn.Module) -> bool:
    return any(isinstance(layer, nn.BatchNorm2d) for layer in network.modules())


def logistic_regression(features: Tensor, labels: Tensor, classes: int, epochs: int = 60) -> nn.Linear:
    """A layer that tells the labels [n] from the features [n, f]; dropout does better than a penalty on the weights."""
    layer = nn.Linear(features.shape[1], classes, device=features.device)
    optimiser = torch.optim.AdamW(layer.parameters(), lr=1e-3, weight_decay=1e-3)
    for _ in range(epochs):
        for batch in torch.randperm(len(features), device=features.device).split(128):
            logits = layer(F.dropout(features[batch], 0.5))
            loss = F.cross_entropy(logits, labels[batch], label_smoothing=LABEL_SMOOTHING)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return layer


def layer_groups(network: nn.Module, rate: float, decay: float, head: float) -> list[dict]:
    """Learning rates: `rate` below the last layer, `decay` times it with each block down, `head` times it above.

    Biases and batch normalisation are no subject to the decay of weights.
    """
    blocks = [name for name, _ in network.named_children() if name not in ("dropout", network.LAST)]
    rates = {name: rate * decay ** (len(blocks) - 1 - place) for place, name in enumerate(blocks)}
    rates[network.LAST] = rate * head
    groups = []
    for name, rate_of_block in rates.items():
        parameters = list(getattr(network, name).parameters())
        groups.append({"params": [p for p in parameters if p.dim() > 1], "lr": rate_of_block})
        groups.append({"params": [p for p in parameters if p.dim() <= 1], "lr": rate_of_block, "weight_decay": 0.0})
    return [group for group in groups if group["params"]]


def mixed_action_loss(stream: nn.Module, x: Tensor, label: Tensor, mixup: float) -> Tensor:
    """Cross-entropy with smoothed labels; with `mixup` > 0 on sums of two samples (Zhang et al. 2018)."""
    share = 1.0
    other = torch.arange(len(x), device=x.device)
    if mixup > 0:
        share = float(torch.distributions.Beta(mixup, mixup).sample())
        other = torch.randperm(len(x), device=x.device)
        x = share * x + (1 - share) * x[other]
    logits = logits_of(stream, x)
    entropy = lambda target: F.cross_entropy(logits, target, label_smoothing=LABEL_SMOOTHING)
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


def erased(x: Tensor, share: float) -> Tensor:
    """A random rectangle of each sample [b, c, h, w] set to zero in that share of the cases."""
    b, _, h, w = x.shape
    centre, extent = torch.rand(2, b, 2, 1, 1, device=x.device)
    extent = 0.25 * extent * (torch.rand(b, 1, 1, 1, device=x.device) < share)
    rows = (torch.arange(h, device=x.device)[:, None] / h - centre[:, 0]).abs() < extent[:, 0]
    columns = (torch.arange(w, device=x.device) / w - centre[:, 1]).abs() < extent[:, 1]
    return x * ~(rows & columns)[:, None]


class Data:
    """The clips of a run, and which of them it learns from."""

    def __init__(self, arguments: argparse.Namespace, device: torch.device):
        self.clips: Clips = load_clips(arguments.data, device, arguments.fold)
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

    terms: dict[str, Tensor] = {}
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
    clips, train_size = data.clips, tuple(arguments.train_size or size)
    network = squeezenet_from_imagenet(arguments.imagenet, 3, len(clips.classes), arguments.dropout)
    network = network.to(device, memory_format=torch.channels_last)

    def whole_frames(views: int = 5):
        """Evenly spread frames of every clip, and them mirrored."""
        for clips_of_batch in data.train.split(6):
            last = clips.length[clips_of_batch] - 1
            frame = torch.cat([clips.first[clips_of_batch] + view * last // (views - 1) for view in range(views)])
            x = spatial_input(resize_frames(clips.frames[frame].float(), size))
            yield torch.cat([x, x.flip(-1)]), clips.label[clips_of_batch].repeat(2 * views)

    fit_last_layer(network, whole_frames(), fits=4)

    def step_loss():
        place, label = data.draw(arguments.batch)
        clip = data.train[place]
        frame = clips.first[clip] + random_starts(clips.length[clip], 1)
        crops = Crops.draw(arguments.batch, arguments.smallest_crop, device)
        x = erased(spatial_input(recoloured(crops.apply(clips.frames[frame].float(), train_size))), share=0.5)
        loss = mixed_action_loss(network, x, label, arguments.mixup)
        return loss, {"action": loss.detach()}

    def score(averages: dict[str, nn.Module]) -> dict[str, float]:
        if not data.scored:
            return {}
        return {"top1": data.held_out_top1(spatial_scores(averages["spatial"], clips, data.held_out, size))}

    groups = layer_groups(network, arguments.rate, arguments.layer_decay, arguments.head)
    run(arguments, "spatial", {"spatial": network}, groups, step_loss, score)


def imagenet_stream(arguments: argparse.Namespace, channels: int, classes: int) -> nn.Module:
    """The backbone with its ImageNet weights and a fresh last layer."""
    if arguments.backbone == "squeezenet":
        return squeezenet_from_imagenet(arguments.imagenet, channels, classes, arguments.dropout)
    return imagenet_lite(arguments.backbone.removeprefix("efficientnet-lite"), channels, classes, arguments.dropout)


def train_temporal_a(arguments: argparse.Namespace, device: torch.device) -> None:
    data, size, resolution = Data(arguments, device), tuple(arguments.motion_size), arguments.resolution
    clips = data.clips
    motion = motion_net_from(arguments.motion).to(device, memory_format=torch.channels_last).eval()

    def flow_of(which: Tensor, name: str, mirrored: bool = False) -> FlowStore:
        cache = arguments.flow and arguments.flow / f"{name}-{size[1]}x{size[0]}.f16"
        return FlowStore(motion, clips, which, size, mirrored, cache)

    everything = flow_of(clips.indices(None), "all")
    store = everything.only(data.train)
    flow_size = tuple(side // 2 for side in arguments.train_size or size)
    network = imagenet_stream(arguments, 2 * PAIRS, len(clips.classes))
    network = network.to(device, memory_format=torch.channels_last)

    def draw_input(batch: int) -> tuple[Tensor, Tensor]:
        place, label = data.draw(batch)
        flow = store.windows(place, random_starts(store.length[place] + 1, WINDOW_FRAMES))
        if arguments.crop == "motion" or arguments.crop == "both" and torch.rand(()) < 0.5:
            # A batch of squares, or one of whole frames: they differ in size.
            flow = flow_in_squares(flow, jittered(motion_squares(flow, store.size), store.size))
            mirrored = 2.0 * torch.randint(2, (batch,), device=device) - 1
            signs = torch.stack([mirrored, torch.ones_like(mirrored)], 1).repeat(1, PAIRS)[:, :, None, None]
            flow = torch.where(mirrored[:, None, None, None] < 0, flow.flip(-1), flow) * signs
        else:
            # Raw flow is in pixels of the picture: a crop that is stretched to fewer pixels moves by fewer.
            flow = Crops.draw(batch, arguments.smallest_crop, device).apply_to_flow(flow, flow_size)
            shrunk = constant((flow_size[1] / store.size[1], flow_size[0] / store.size[0]) * PAIRS, device)
            flow = flow * shrunk[:, None, None]
        speed = torch.exp(arguments.speed * (2 * torch.rand(batch, 1, 1, 1, device=device) - 1))
        return classifier_input(erased(flow * speed, arguments.erased), resolution), label

    fit_last_layer(network, (draw_input(50) for _ in range(3 * len(data.train) // 50)))

    def step_loss():
        x, label = draw_input(arguments.batch)
        loss = mixed_action_loss(network, x, label, arguments.mixup)
        return loss, {"action": loss.detach()}

    held_out = []

    def score(averages: dict[str, nn.Module]) -> dict[str, float]:
        if not data.scored:
            return {}
        if not held_out:
            name = f"held-out-{'' if arguments.fold is None else arguments.fold}-mirrored"
            held_out.extend([everything.only(data.held_out), flow_of(data.held_out, name, mirrored=True)])
        scores = temporal_scores(averages["temporal"], held_out, resolution, arguments.crop)
        save_file({"logits": scores, "clips": data.held_out}, arguments.out / "held-out.safetensors")
        return {"top1": data.held_out_top1(scores)}

    groups = layer_groups(network, arguments.rate, arguments.layer_decay, arguments.head)
    run(arguments, "temporal", {"temporal": network}, groups, step_loss, score)


def train_temporal_jointly(arguments: argparse.Namespace, device: torch.device) -> None:
    """Modes b and c: gradients of the action loss reach MotionNet; in c its own losses are kept as well."""
    data, size = Data(arguments, device), tuple(arguments.motion_size)
    clips, train_size = data.clips, tuple(arguments.train_size or size)
    motion = motion_net_from(arguments.motion).to(device, memory_format=torch.channels_last)
    stream = load(SqueezeNet(2 * PAIRS, len(clips.classes), arguments.dropout), arguments.temporal)
    stream = stream.to(device, memory_format=torch.channels_last)
    keeps_flow = arguments.mode == "temporal-c"

    def step_loss():
        place, label = data.draw(arguments.batch)
        clip = data.train[place]
        start = random_starts(clips.length[clip], WINDOW_FRAMES)
        offset = torch.minimum(
            start[:, None] + torch.arange(WINDOW_FRAMES, device=device), clips.length[clip, None] - 1
        )
        frames = clips.frames[clips.first[clip, None] + offset].flatten(1, 2).float()
        crops = Crops.draw(arguments.batch, arguments.smallest_crop, device)
        frames = motion_input(crops.apply(frames, train_size).unflatten(1, (WINDOW_FRAMES, 3)))
        first, second = frames[:, :-1].flatten(0, 1), frames[:, 1:].flatten(0, 1)
        levels = flow_levels(motion, first, second)
        x = classifier_input(levels[0].unflatten(0, (-1, PAIRS)).flatten(1, 2))
        loss = mixed_action_loss(stream, x, label, arguments.mixup)
        terms = {"action": loss.detach()}
        if keeps_flow:
            of_flow, flow_terms = unsupervised_loss(torch.cat([first, second], 1), levels, RELEASED_END_TO_END)
            loss = loss + arguments.flow_weight * of_flow
            terms |= flow_terms
        return loss, terms

    def score(averages: dict[str, nn.Module]) -> dict[str, float]:
        if not data.scored:
            return {}
        stores = [FlowStore(averages["motion"], clips, data.held_out, size, mirrored) for mirrored in (False, True)]
        scores = temporal_scores(averages["temporal"], stores, "frames")
        return {"top1": data.held_out_top1(scores)}

    groups = layer_groups(stream, arguments.rate, arguments.layer_decay, arguments.head)
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
    size = tuple(arguments.motion_size)
    stores = [FlowStore(motion, data.clips, data.held_out, size, mirrored) for mirrored in (False, True)]
    temporal = temporal_scores(temporal, stores, "frames")
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
    parser.add_argument("--seconds", type=float, default=180, help="length of the run; 0 for the last layer alone")
    parser.add_argument("--all", action="store_true", help="learn from the held-out clips too and score nothing")
    parser.add_argument("--fold", type=int, help="hold out this one of five folds of recordings")
    parser.add_argument(
        "--backbone",
        choices=["squeezenet", "efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"],
        default="squeezenet",
        help="of temporal-a",
    )
    parser.add_argument(
        "--resolution", choices=["frames", "flow"], default="frames", help="at which temporal-a reads flow"
    )
    parser.add_argument(
        "--crop", choices=["whole", "motion", "both"], default="whole", help="what of the flow temporal-a sees"
    )
    parser.add_argument("--speed", type=float, default=0.4, help="random change of the flow's length, of temporal-a")
    parser.add_argument("--erased", type=float, default=0.2, help="share of samples with a part erased, of temporal-a")
    parser.add_argument("--flow", type=Path, help="folder that keeps the flow of temporal-a for later runs")
    parser.add_argument("--imagenet", type=Path, help="ImageNet weights of SqueezeNet, for spatial and temporal-a")
    parser.add_argument("--motion", type=Path, help="MotionNet weights, for the temporal modes and fuse")
    parser.add_argument("--temporal", type=Path, help="temporal weights, for modes b and c and fuse")
    parser.add_argument("--spatial", type=Path, help="spatial weights, for fuse")
    parser.add_argument("--motion-size", type=int, nargs=2, default=(128, 160), metavar=("H", "W"))
    parser.add_argument("--spatial-size", type=int, nargs=2, default=(227, 227), metavar=("H", "W"))
    parser.add_argument(
        "--train-size", type=int, nargs=2, metavar=("H", "W"), help="to which crops are stretched; else as the above"
    )
    parser.add_argument("--batch", type=int, default=24, help="clips a step")
    parser.add_argument("--rate", type=float, default=1.5e-4, help="learning rate of the layers below the last")
    parser.add_argument("--head", type=float, default=2.0, help="factor on the rate of the last layer")
    parser.add_argument(
        "--layer-decay", type=float, default=1.0, help="factor on the rate from block to block downwards"
    )
    parser.add_argument("--weight-decay", type=float, default=0.02)
    parser.add_argument("--dropout", type=float, default=0.5)
    parser.add_argument("--mixup", type=float, default=0.0, help="parameter of the beta distribution; 0 for none")
    parser.add_argument("--smallest-crop", type=float, default=0.6, help="side of the smallest crop, as a share")
    parser.add_argument(
        "--motion-rate", type=float, default=0.5, help="MotionNet's rate as a share of --rate (modes b, c)"
    )
    parser.add_argument("--flow-weight", type=float, default=0.05, help="factor on the flow's own losses (mode c)")
    parser.add_argument("--average", type=float, default=0.995, help="decay of the averaged weights")
    parser.add_argument("--warm-up", type=int, default=50, help="steps")
    parser.add_argument("--report-every", type=float, default=60, help="seconds")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    MODES[arguments.mode](arguments, choose_device())


if __name__ == "__main__":
    main()
