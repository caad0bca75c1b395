"""Holds networks and losses against the reference numbers: `python check.py REFERENCE_FOLDER`.

Prints each comparison and exits with 1 if one is outside its tolerance.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

import losses
from networks import MotionNet, classifier_input

failures = 0


def compare(name: str, ours: Tensor, expected: Tensor, tolerance: float, relative: bool = False) -> None:
    """Largest difference, relative to the expected number if `relative`, against the tolerance."""
    global failures
    difference = (ours - expected).abs()
    worst = (difference / expected.abs() if relative else difference).max().item()
    right = worst <= tolerance
    failures += not right
    print(f"{'ok  ' if right else 'FAIL'} {name}: {worst:.2e} (tolerance {tolerance:.0e})")


def check_motion_net(reference: dict[str, Tensor]) -> None:
    network = MotionNet(frames=11, width=4)
    network.load_state_dict({name: reference[name] for name in network.state_dict()})
    with torch.no_grad():
        levels = network(reference["input"])
    for level, flow in enumerate(levels, start=2):
        compare(f"predict_flow{level}", flow, reference[f"predict_flow{level}"], 2e-5)


def check_losses(reference: dict[str, Tensor]) -> None:
    normalised = losses.local_response_normalisation(reference["input"])
    compare("lrn", normalised, reference["lrn"], 1e-5)
    batch = reference["input"].shape[0]
    flows, total = [], 0.0
    for level in MotionNet.LEVELS:
        flow = reference[f"predict_flow{level}"].requires_grad_()
        flows.append(flow)
        size = flow.shape[-2:]
        images = losses.resize_to_level(normalised, size)
        compare(f"images{level}", images, reference[f"images{level}"], 1e-5)
        compare(f"mask{level}", losses.border_mask(*size, flow.device), reference[f"mask{level}"], 0)
        pixel, smooth_u, smooth_v, dissimilarity = losses.level_terms(images, flow, level)
        ours = {"pixel": pixel, "smooth_u": smooth_u, "smooth_v": smooth_v, "ssim": dissimilarity}
        windows = losses.ssim(images[:, 3:], images[:, 3:])[0].numel()
        ours["ssim_sum_over_n"] = dissimilarity * windows
        common = pixel / batch + (2 / 3) * (smooth_u + smooth_v) / batch
        weighted = losses.SSIM_WEIGHT[level] * ours["ssim_sum_over_n"]
        ours["caffe_loss"], ours["caffe_loss_end_to_end"] = common + weighted, common + weighted / 10
        for name, value in ours.items():
            compare(f"{name}{level}", value.detach(), reference[f"{name}{level}"], 1e-4, relative=True)
        total = total + ours["caffe_loss"]
    compare("total", total.detach(), reference["total"], 1e-4, relative=True)
    for level, gradient in zip(MotionNet.LEVELS, torch.autograd.grad(total, flows)):
        expected = reference[f"grad_predict_flow{level}"]
        rms = lambda x: x.square().mean().sqrt()
        compare(f"gradient{level}, RMS", rms(gradient - expected) / rms(expected), torch.zeros(()), 1e-3)
        compare(
            f"gradient{level}, largest", (gradient - expected).abs().max() / expected.abs().max(), torch.zeros(()), 1e-2
        )


def check_ssim_coefficients() -> None:
    ours = torch.tensor([losses.ssim_coefficient(level) for level in (6, 5, 4, 3, 2)])
    compare("SSIM coefficients on means", ours, torch.tensor([4.8, 9.6, 19.2, 29.4, 58.8]), 1e-4)


def check_temporal_input(reference: dict[str, Tensor]) -> None:
    flow2 = reference["flow2"].requires_grad_()
    output = classifier_input(flow2)
    compare("temporal input", output.detach(), reference["output"], 1e-3)
    (gradient,) = torch.autograd.grad(output, flow2, reference["upstream_grad"])
    expected = reference["grad_flow2"]
    compare("its gradient", gradient / expected.abs().max(), expected / expected.abs().max(), 1e-5)


def main() -> None:
    folder = Path(sys.argv[1])
    check_motion_net(load_file(folder / "motionnet.safetensors"))
    check_losses(load_file(folder / "losses.safetensors"))
    check_ssim_coefficients()
    check_temporal_input(load_file(folder / "temporal_input.safetensors"))
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
