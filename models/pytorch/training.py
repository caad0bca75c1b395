"""What all training programs share: a schedule by the clock, a guarded step, averaged weights and a log."""

import copy
import json
import math
import os
import time
from pathlib import Path

import torch
from torch import Tensor, nn


def choose_device() -> torch.device:
    """The GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half_precision(device: torch.device) -> torch.autocast:
    """bf16 for what may be inexact: on a GPU, and on a CPU whose owner says that it is fast there (MOTIONSCOPE_BF16=1)."""
    wanted = device.type == "cuda" or os.environ.get("MOTIONSCOPE_BF16") == "1"
    return torch.autocast(device.type, torch.bfloat16, enabled=wanted)


class Clock:
    """How far a run is, by the seconds it may take."""

    def __init__(self, seconds: float):
        self.start, self.seconds = time.monotonic(), seconds

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.start

    @property
    def progress(self) -> float:
        """0 at the start, 1 at the end."""
        return min(1.0, self.elapsed / self.seconds) if self.seconds > 0 else 1.0


def cosine(progress: float, step: int, warm_up: int) -> float:
    """Factor on the learning rate: linear over the first `warm_up` steps, then a cosine to zero over the run."""
    return min(1.0, (step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * progress))


class Solver:
    """AdamW with the gradient's norm clipped; a step whose gradient is not finite changes nothing."""

    def __init__(self, groups: list[dict], clip: float = 10.0, weight_decay: float = 0.0, warm_up: int = 200):
        device = groups[0]["params"][0].device
        self.optimiser = torch.optim.AdamW(groups, weight_decay=weight_decay, fused=True)
        self.rates = [group["lr"] for group in self.optimiser.param_groups]
        self.parameters = [parameter for group in groups for parameter in group["params"]]
        self.clip, self.warm_up, self.steps = clip, warm_up, 0
        self.skipped = torch.zeros((), device=device)

    def step(self, loss: Tensor, progress: float) -> None:
        for group, rate in zip(self.optimiser.param_groups, self.rates):
            group["lr"] = rate * cosine(progress, self.steps, self.warm_up)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.parameters, self.clip)
        # The fused optimiser leaves out a step so marked without the host having to wait for the number.
        self.optimiser.found_inf = (~torch.isfinite(norm)).float()
        self.skipped += self.optimiser.found_inf
        self.optimiser.step()
        self.steps += 1


class Average:
    """Exponential moving average of a network's parameters, over fewer steps while there are few."""

    def __init__(self, network: nn.Module, decay: float = 0.999):
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay, self.steps = decay, 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        # The running statistics of batch normalisation as well; its counters of batches are whole numbers.
        averages, values = self.network.state_dict(), network.state_dict()
        names = [name for name, value in values.items() if value.is_floating_point()]
        torch._foreach_lerp_([averages[name] for name in names], [values[name] for name in names], 1 - decay)


class Log:
    """One JSON object a line, in a file and on the screen."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        path.write_text("")

    def write(self, **values) -> None:
        rounded = {key: round(value, 5) if isinstance(value, float) else value for key, value in values.items()}
        line = json.dumps(rounded)
        print(line, flush=True)
        with self.path.open("a") as file:
            file.write(line + "\n")


def floats(terms: dict[str, Tensor]) -> dict[str, float]:
    return {name: float(term) for name, term in terms.items()}
