"""Trains a two-frame MotionNet without ground truth, for a given number of seconds.

Half of each batch are pairs of frames of the clips under the paper's unsupervised objective (`losses.py`); the other
half are pairs made from single frames by a motion that is known because it was drawn (`PairSampler.known_motion`),
under the endpoint error. Two phases: the released pre-training balance first; then its end-to-end balance (SSIM ÷ 10)
with edge-aware smoothness, pixels hidden in the other frame left out, and half of the made pairs already brought back
by the network's own flow, so that it also learns to refine.

Writes `motion.safetensors` (averaged weights) and `flow.log` to `--out` about once a minute and at the end.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from clips import Clips, PairSampler, load_clips
from infer import brought_back, flow_at, flow_levels, resize_frames
from losses import (
    END_TO_END,
    Objective,
    known_motion_loss,
    level_multiplier,
    occlusions,
    photometric_ratio,
    unsupervised_loss,
)
from networks import MotionNet, load, motion_input, save
from training import Average, Clock, Log, Solver, choose_device, floats

CROPS = ["128x192", "160x224", "192x256", "224x288", "224x320"]
"""Height and width of the crops a step may have; the batch shrinks as they grow."""

BATCH_CROP = 192 * 256
"""Pixels of the crop at which the batch is `--batch`."""


def phase_objective(progress: float, arguments: argparse.Namespace) -> Objective:
    """The balance of the unsupervised terms at that point of the run."""
    if progress < arguments.second_phase:
        return Objective()
    return Objective(ssim=END_TO_END.ssim, smoothness=arguments.smoothness, edge=arguments.edge)


class FlowObjective:
    """The loss of a batch of real pairs and pairs of known motion."""

    def __init__(self, sampler: PairSampler, crops: list[tuple[int, int]], batch: int, known_weight: float):
        self.sampler, self.crops, self.batch, self.known_weight = sampler, crops, batch, known_weight

    def __call__(
        self, network: MotionNet, objective: Objective, second_phase: bool
    ) -> tuple[Tensor, dict[str, Tensor]]:
        size = self.crops[int(torch.randint(len(self.crops), ()))]
        half = max(1, round(self.batch * BATCH_CROP / (size[0] * size[1]) / 2))
        with torch.no_grad():
            real = self.sampler.real(half, size)
            *known, truth = self.sampler.known_motion(half, size)
            if second_phase:
                known[1], truth = partly_brought_back(network, *known, truth)
            pair = [motion_input(self.sampler.disturb(torch.cat(frames))) for frames in zip(real, known)]
        levels = flow_levels(network, *pair)
        hidden = None
        if second_phase:
            with torch.no_grad():
                back = flow_levels(network, pair[1][:half], pair[0][:half])[0]
            hidden = occlusions(levels[0][:half].detach() * level_multiplier(2), back * level_multiplier(2))
        frames = torch.cat([motion_input(frame) for frame in real], 1)
        loss, terms = unsupervised_loss(frames, [level[:half] for level in levels], objective, hidden)
        error = known_motion_loss([level[half:] for level in levels], truth)
        return loss + self.known_weight * error, {**terms, "known": error.detach()}


def partly_brought_back(network: MotionNet, first: Tensor, second: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """The second frames and the flow that remains, after half of them were warped by the network's own flow."""
    estimate = flow_at(network, first, second, scale=(0.5, 1.0)[int(torch.randint(2, ()))])
    estimate[: len(estimate) // 2] = 0
    return brought_back(first, second, estimate), truth - estimate


class Validation:
    """Held-out clips: what of the change between two frames is left, and the error on a fixed batch of known motion."""

    SIZE = (256, 320)

    def __init__(self, clips: Clips):
        which = clips.indices(held_out=True)
        middle = clips.first[which] + clips.length[which] // 2 - 1
        resize = lambda index: resize_frames(clips.frames[index].float(), self.SIZE)
        self.real = resize(middle), resize(middle + 1)
        self.known = PairSampler(clips, held_out=True, seed=1).known_motion(32, (192, 256))

    @torch.no_grad()
    def __call__(self, network: MotionNet) -> dict[str, float]:
        chunks = zip(*(frames.split(16) for frames in self.real))
        flow = torch.cat([flow_at(network, first, second, scale=1.0) for first, second in chunks])
        first, second, truth = self.known
        error = (flow_at(network, first, second, scale=1.0) - truth).norm(dim=1)
        slow = truth.norm(dim=1) < 10
        ratio = photometric_ratio(self.real[0] / 255, self.real[1] / 255, flow)
        return {"ratio": ratio, "known_epe": error.mean().item(), "known_epe_under_10px": error[slow].mean().item()}


def train(arguments: argparse.Namespace) -> None:
    torch.manual_seed(arguments.seed)
    device = choose_device()
    clips = load_clips(arguments.data, device)
    network = MotionNet(frames=2, width=arguments.width)
    if arguments.start:
        load(network, arguments.start)
    network = network.to(device, memory_format=torch.channels_last)
    average = Average(network)
    solver = Solver([{"params": list(network.parameters()), "lr": arguments.rate}], warm_up=arguments.warm_up)
    sampler = PairSampler(clips, seed=arguments.seed, smallest=arguments.smallest)
    crops = [tuple(int(side) for side in crop.split("x")) for crop in arguments.crops]
    loss_of = FlowObjective(sampler, crops, arguments.batch, arguments.known_weight)
    validation, log = Validation(clips), Log(arguments.out / "flow.log")
    clock, next_report = Clock(arguments.seconds), arguments.report_every

    while (progress := clock.progress) < 1:
        second = progress >= arguments.second_phase
        loss, terms = loss_of(network, phase_objective(progress, arguments), second_phase=second)
        solver.step(loss, progress)
        average.update(network)
        if clock.elapsed >= next_report:
            next_report = clock.elapsed + arguments.report_every
            report(average, validation, log, arguments.out, solver, clock, terms)
    report(average, validation, log, arguments.out, solver, clock, terms)


def report(
    average: Average, validation: Validation, log: Log, out: Path, solver: Solver, clock: Clock, terms: dict
) -> None:
    """One line of the log, and the averaged weights on the disk."""
    measured = validation(average.network)
    log.write(
        step=solver.steps,
        seconds=clock.elapsed,
        steps_per_second=solver.steps / clock.elapsed,
        skipped=solver.skipped.item(),
        **floats(terms),
        **measured,
    )
    save(average.network, out / "motion.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder written by clips.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="length of the run")
    parser.add_argument("--width", type=int, default=32, help="feature maps of the first layer")
    parser.add_argument("--start", type=Path, help="weights to go on from")
    parser.add_argument("--batch", type=int, default=48, help="pairs a step, real and made, at 256×192")
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--crops", nargs="+", default=CROPS, metavar="HxW", help="sizes of the crops, multiples of 32")
    parser.add_argument("--smallest", type=float, default=0.6, help="smallest enlargement of the frames")
    parser.add_argument("--warm-up", type=int, default=300, help="steps")
    parser.add_argument("--known-weight", type=float, default=1.5, help="factor on the endpoint error of known motion")
    parser.add_argument("--second-phase", type=float, default=0.35, help="share of the run after which it begins")
    parser.add_argument(
        "--smoothness", type=float, default=END_TO_END.smoothness, help="factor on smoothness in the second phase"
    )
    parser.add_argument("--edge", type=float, default=END_TO_END.edge, help="Objective.edge in the second phase")
    parser.add_argument("--report-every", type=float, default=60, help="seconds")
    parser.add_argument("--seed", type=int, default=0)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
