#!/usr/bin/env python3
"""MotionNet, its training step and the streams beside PyTorch on the CPU: times and their ratios in one run.

Needs `pip install torch numpy safetensors opencv-python-headless` and the program:

    cargo build --release
    tests/compare_pytorch.py target/release/motionscope [--before OTHER_BUILD] [--only TEXT ...] [--turns 7]

MotionNet, SqueezeNet and the training step are those of models/pytorch; EfficientNet-Lite2 and ResNet-18 are below.
Both sides must have as many parameters and multiply-adds. PyTorch has what it offers without a compiler: channels-last
memory, inference mode, batch normalisation folded into the convolutions. All sides use all cores (or --threads) and
take turns, so that whatever else the machine does disturbs them alike; but on a busy machine PyTorch's threads, which
wait for each other, lose more. In each turn each side runs once without counting and then --repeats times; times are
medians of all, ratios medians of the turns'.

Prints a table in Markdown for docs/speed.md. Below 1, Motionscope is the faster one; `of peak` is its share of what the
processor does in registers.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parent.parent / "models" / "pytorch"))

from networks import MotionNet, SqueezeNet  # noqa: E402
from train_flow import Objective, Solver, flow_levels, motion_input, unsupervised_loss  # noqa: E402

CLASSES = 1000
SIDE = 224
BATCH, HEIGHT, WIDTH = 16, 96, 128


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--before", type=Path, help="another build of the program, measured beside it")
    parser.add_argument("--only", nargs="+", default=[""], metavar="TEXT", help="only what has TEXT in its name")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()

    arguments.load = os.getloadavg()[0]
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    works = [
        # Row of `motionscope bench`, largest ratio to reach, PyTorch's side of it.
        ("MotionNet-16, 2 frames, forward", 0.7, lambda: forward(MotionNet(2, 16), 6)),
        ("MotionNet-64, 11 frames, forward", 1.0, lambda: forward(MotionNet(11, 64), 33)),
        (f"MotionNet-16, training step, {BATCH} × {WIDTH}×{HEIGHT}", 1.0, lambda: training_step(MotionNet(2, 16))),
        ("SqueezeNet 1.0, forward", 1.0, lambda: forward(SqueezeNet(3, CLASSES), 3)),
        ("EfficientNet-Lite2, forward", 1.0, lambda: forward(EfficientNetLite2(), 3)),
        ("ResNet-18, forward", 1.0, lambda: forward(ResNet18(), 3)),
    ]
    wanted = [work for work in works if any(text.lower() in work[0].lower() for text in arguments.only)]
    rows = [compare(arguments, *work) for work in wanted]
    if rows:
        report(arguments, rows)


def compare(arguments, name, goal, build):
    network, work = build()
    check_same(name, network, work, bench(arguments, arguments.program, name, repeats=1))
    turns = []
    for _ in range(arguments.turns):
        ours = bench(arguments, arguments.program, name, arguments.repeats)
        before = bench(arguments, arguments.before, name, arguments.repeats) if arguments.before else None
        turns.append((ours, before, theirs(work, arguments.repeats)))
        print(".", end="", file=sys.stderr, flush=True)
    print(f" {name}", file=sys.stderr)
    return name, goal, turns


def bench(arguments, program, name, repeats):
    command = [program, "bench", "--json", "--device", "cpu", "--repeats", str(repeats), "--only", name]
    environment = {**os.environ, "RAYON_NUM_THREADS": str(arguments.threads)}
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    document = json.loads(output)
    [row] = [row for row in document["rows"] if row["name"] == name]
    return {**row, "device": document["device"], "peak": document["peak_multiply_adds_per_sec"]}


def theirs(work, repeats):
    work()
    milliseconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        milliseconds.append(1e3 * (time.perf_counter() - started))
    return milliseconds


def check_same(name, network, work, row):
    with FlopCounterMode(display=False) as counter:
        work()
    of_convolutions = [flops for op, flops in counter.get_flop_counts()["Global"].items() if "conv" in str(op)]
    found = {"parameters": network.parameter_count, "multiply_adds": sum(of_convolutions) // 2}
    for what, number in found.items():
        if number != row[what]:
            raise SystemExit(f"{name}: {number} {what} in PyTorch, {row[what]} in Motionscope")


def report(arguments, rows):
    ours = [ours for _, _, turns in rows for ours, _, _ in turns]
    peak = max(measured["peak"] for measured in ours)
    print(
        f"{ours[0]['device']}, peak {peak / 1e9:.0f} GMAC/s; PyTorch {torch.__version__}, {arguments.threads} threads"
    )
    print(f"medians of {arguments.turns} turns of {arguments.repeats}; load at the start {arguments.load:.1f}\n")
    heads = ["work", "GMAC", "before ms", "Motionscope ms", "PyTorch ms", "ratio", "goal", "GMAC/s", "of peak"]
    if not arguments.before:
        heads.remove("before ms")
    print_row(heads)
    print_row(["---"] * len(heads))
    for name, goal, turns in rows:
        ours, before, theirs = zip(*turns)
        our_ms, their_ms = median_ms(ours), median(time for times in theirs for time in times)
        ratio = median(median(mine["milliseconds"]) / median(times) for mine, times in zip(ours, theirs))
        gmac = ours[0]["multiply_adds"] / 1e9
        speed = 1e3 * gmac / our_ms
        cells = [name, f"{gmac:.2f}", *([f"{median_ms(before):.1f}"] if arguments.before else [])]
        cells += [f"{our_ms:.1f}", f"{their_ms:.1f}", f"{ratio:.2f}", f"≤ {goal}", f"{speed:.1f}"]
        print_row([*cells, f"{1e11 * speed / peak:.0f} %"])


def print_row(cells):
    print("| " + " | ".join(cells) + " |")


def median_ms(measured):
    return median(time for row in measured for time in row["milliseconds"])


def forward(network, channels):
    network.parameter_count = parameters(network)
    network = folded(network.eval()).to(memory_format=torch.channels_last)
    picture = torch.rand(1, channels, SIDE, SIDE).sub(0.5).contiguous(memory_format=torch.channels_last)
    return network, torch.inference_mode()(lambda: network(picture))


def training_step(network):
    """The step of models/pytorch/train_flow.py on real pairs alone, as the program trains, with all losses."""
    network.parameter_count = parameters(network)
    network = network.to(memory_format=torch.channels_last)
    solver = Solver([{"params": list(network.parameters()), "lr": 4e-4}])
    pair = [motion_input(255 * torch.rand(BATCH, 3, HEIGHT, WIDTH)) for _ in range(2)]
    frames = torch.cat(pair, 1)

    def step():
        loss, _ = unsupervised_loss(frames, flow_levels(network, *pair), Objective())
        solver.step(loss, progress=0.0)

    return network, step


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


class ConvNorm(nn.Sequential):
    """A convolution that keeps the size but for its stride, batch normalisation, and an activation."""

    def __init__(self, inputs, outputs, kernel, stride=1, groups=1, activation=None):
        conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        super().__init__(conv, nn.BatchNorm2d(outputs), activation or nn.Identity())


def folded(network):
    """`network` with its normalisation in the weights of the convolutions before it."""
    for block in network.modules():
        if isinstance(block, ConvNorm):
            block[0], block[1] = fuse_conv_bn_eval(block[0], block[1]), nn.Identity()
    return network


class ResNet18(nn.Module):
    """He et al. 2016, Table 1."""

    def __init__(self):
        super().__init__()
        relu = nn.ReLU(inplace=True)
        self.first, self.fc = ConvNorm(3, 64, 7, 2, activation=relu), nn.Linear(512, CLASSES)
        self.blocks, maps = nn.ModuleList(), 64
        for to, stride in [(64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)]:
            body = nn.Sequential(ConvNorm(maps, to, 3, stride, activation=relu), ConvNorm(to, to, 3))
            shortcut = ConvNorm(maps, to, 1, stride) if stride > 1 else nn.Identity()
            self.blocks.append(nn.ModuleList([body, shortcut]))
            maps = to

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.first(x), 3, 2, 1)
        for body, shortcut in self.blocks:
            x = F.relu_(body(x) + shortcut(x))
        return self.fc(x.mean((2, 3)))


class EfficientNetLite2(nn.Module):
    """Tan & Le 2019 at the scale of TensorFlow's EfficientNet-Lite2, padded evenly."""

    # Expansion, maps, blocks, stride, kernel.
    STAGES = [
        (1, 16, 1, 1, 3),
        (6, 24, 3, 2, 3),
        (6, 48, 3, 2, 5),
        (6, 88, 4, 2, 3),
        (6, 120, 4, 1, 5),
        (6, 208, 5, 2, 5),
        (6, 352, 1, 1, 3),
    ]

    def __init__(self):
        super().__init__()
        relu6 = nn.ReLU6(inplace=True)
        self.first, self.blocks, maps = ConvNorm(3, 32, 3, 2, activation=relu6), nn.ModuleList(), 32
        for expansion, to, blocks, first_stride, kernel in self.STAGES:
            for stride in [first_stride] + [1] * (blocks - 1):
                inner = maps * expansion
                depthwise = ConvNorm(inner, inner, kernel, stride, groups=inner, activation=relu6)
                layers = [ConvNorm(maps, inner, 1, activation=relu6)] if expansion > 1 else []
                self.blocks.append(nn.Sequential(*layers, depthwise, ConvNorm(inner, to, 1)))
                maps = to
        self.last, self.classifier = ConvNorm(maps, 1280, 1, activation=relu6), nn.Linear(1280, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for block in self.blocks:
            y = block(x)
            x = x + y if x.shape == y.shape else y
        return self.classifier(self.last(x).mean((2, 3)))


if __name__ == "__main__":
    main()
