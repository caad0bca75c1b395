"""The networks of Motionscope in PyTorch: the same layers, names and initialisation as `src/nets/`.

A state dict saved by `save` is a weights file of a Motionscope model folder.
"""

import math
import os
import tempfile
from functools import lru_cache
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

FLOW_UNIT_PX = 20.0
"""Full-resolution pixels in one raw unit of predicted flow, at every level."""

MEAN_BGR = (104.0, 117.0, 123.0)
"""The mean colour of ImageNet in blue, green, red."""

WINDOW_FRAMES = 11
"""Frames of a window: the ten flows between them are one input of the temporal stream."""

COUNTER = "num_batches_tracked"
"""PyTorch's own count of batches in batch normalisation, which weights files lack."""

PREDICTOR_STD = 1e-3
"""Predictors start near zero: He's deviation would give flows of tens of pixels, out of the loss's reach."""


@lru_cache(maxsize=None)
def constant(values: tuple[float, ...], device: torch.device) -> Tensor:
    """Numbers on a device. Making them anew each time would let the host wait for the device each time."""
    return torch.tensor(values, device=device)


def leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.1)


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1)


def _deconv(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(inputs, outputs, 4, 2, padding=1, bias=False)


class MotionNet(nn.Module):
    """Frames to optical flow at five resolutions (paper, Table 1; base width 64 there)."""

    LEVELS = (2, 3, 4, 5, 6)

    def __init__(self, frames: int = 2, width: int = 32):
        super().__init__()
        self.frames, self.width = frames, width
        w, flow = width, 2 * (frames - 1)
        self.conv1, self.conv1_1 = _conv(3 * frames, w), _conv(w, w)
        self.conv2, self.conv2_1 = _conv(w, 2 * w, 2), _conv(2 * w, 2 * w)
        self.conv3, self.conv3_1 = _conv(2 * w, 4 * w, 2), _conv(4 * w, 4 * w)
        self.conv4, self.conv4_1 = _conv(4 * w, 8 * w, 2), _conv(8 * w, 8 * w)
        self.conv5, self.conv5_1 = _conv(8 * w, 8 * w, 2), _conv(8 * w, 8 * w)
        self.conv6, self.conv6_1 = _conv(8 * w, 16 * w, 2), _conv(16 * w, 16 * w)
        self.conv_pr6 = _conv(16 * w, flow)
        below = 16 * w
        for level, skip, maps in [(5, 8 * w, 8 * w), (4, 8 * w, 4 * w), (3, 4 * w, 2 * w), (2, 2 * w, w)]:
            setattr(self, f"deconv{level}", _deconv(below, maps))
            setattr(self, f"upsample_flow{level + 1}_to_{level}", _deconv(flow, flow))
            setattr(self, f"smooth_conv{level}", _conv(skip + maps + flow, maps))
            setattr(self, f"conv_pr{level}", _conv(maps, flow))
            below = maps
        self._initialise()

    def _initialise(self) -> None:
        for name, layer in self.named_children():
            # Caffe's fan-in of a transposed convolution counts its outputs.
            fan_in = layer.weight[0].numel() if isinstance(layer, nn.Conv2d) else layer.out_channels * 16
            std = PREDICTOR_STD if name.startswith("conv_pr") else math.sqrt(2 / fan_in)
            nn.init.normal_(layer.weight, std=std)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, frames: Tensor) -> list[Tensor]:
        """[b, 3·frames, h, w], sides multiples of 32 → raw flow of levels 2 to 6, [b, 2·(frames−1), h/2, w/2] first."""
        skip = leaky(self.conv1_1(leaky(self.conv1(frames))))
        skips = {}
        for level in (2, 3, 4, 5, 6):
            skip = leaky(getattr(self, f"conv{level}")(skip))
            skip = skips[level] = leaky(getattr(self, f"conv{level}_1")(skip))
        features, flow = skips[6], self.conv_pr6(skips[6])
        levels = [flow]
        for level in (5, 4, 3, 2):
            upsampled = leaky(getattr(self, f"deconv{level}")(features))
            upsampled_flow = getattr(self, f"upsample_flow{level + 1}_to_{level}")(flow)
            features = getattr(self, f"smooth_conv{level}")(torch.cat([skips[level], upsampled, upsampled_flow], 1))
            flow = getattr(self, f"conv_pr{level}")(features)
            levels.insert(0, flow)
        return levels


class Fire(nn.Module):
    """A narrow 1×1 layer, then 1×1 and 3×3 layers side by side."""

    def __init__(self, inputs: int, squeeze: int, expand: int):
        super().__init__()
        self.squeeze1x1 = nn.Conv2d(inputs, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.squeeze1x1(x))
        return F.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], 1))


class SqueezeNet(nn.Module):
    """SqueezeNet 1.0 whose last layer reads averaged features and has no ReLU, so that scores keep their sign."""

    LAST = "conv10"
    BLOCKS = ("conv1", "fire2", "fire3", "fire4", "fire5", "fire6", "fire7", "fire8", "fire9", "conv10")

    def __init__(self, channels: int, classes: int, dropout: float = 0.5):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 96, 7, 2)
        sizes = [
            (96, 16, 64),
            (128, 16, 64),
            (128, 32, 128),
            (256, 32, 128),
            (256, 48, 192),
            (384, 48, 192),
            (384, 64, 256),
            (512, 64, 256),
        ]
        for number, size in enumerate(sizes, start=2):
            setattr(self, f"fire{number}", Fire(*size))
        self.conv10 = nn.Conv2d(512, classes, 1)
        self.dropout = nn.Dropout(dropout)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight)
                nn.init.zeros_(layer.bias)
        nn.init.normal_(self.conv10.weight, std=0.01)

    def features(self, x: Tensor) -> Tensor:
        """[b, c, h, w] → averaged features [b, 512] in f32."""
        pool = lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True)
        x = pool(F.relu(self.conv1(x)))
        x = pool(self.fire4(self.fire3(self.fire2(x))))
        x = pool(self.fire8(self.fire7(self.fire6(self.fire5(x)))))
        return self.fire9(x).float().mean((2, 3))

    def classify(self, features: Tensor) -> Tensor:
        """Averaged features → logits [b, classes] in f32."""
        return self.conv10(self.dropout(features)[:, :, None, None]).flatten(1).float()

    def forward(self, x: Tensor) -> Tensor:
        """[b, c, h, w] → logits [b, classes] in f32."""
        return self.classify(self.features(x))


def squeezenet_from_imagenet(path: Path, channels: int, classes: int, dropout: float) -> SqueezeNet:
    """The ImageNet network at `path` with a fresh last layer, and across modalities if it does not read colours.

    Cross-modality (Wang et al. 2015): the first layer averaged over the colours and repeated.
    """
    network = SqueezeNet(channels, classes, dropout)
    tensors = {name: tensor.float() for name, tensor in load_file(path).items()}
    if channels != 3:
        tensors["conv1.weight"] = tensors["conv1.weight"].mean(1, keepdim=True).repeat(1, channels, 1, 1)
    tensors.update({name: tensor for name, tensor in network.state_dict().items() if name.startswith("conv10.")})
    network.load_state_dict(tensors)
    return network


def classifier_input(flow2: Tensor, resolution: str = "frames") -> Tensor:
    """Raw finest flow [b, 20, h/2, w/2] → the temporal stream's input in −128…127.

    As `src/nets/flow_normalisation.rs`: clipped at ±20 px and scaled to grey levels. At the resolution of the frames it
    is upsampled to [b, 20, h, w] by a fixed transposed convolution with zeros around the map; at that of the `flow` it
    keeps its size.
    """
    levels = ((flow2 * FLOW_UNIT_PX).clamp(-20, 20) + 20) * (255 / 40)
    if resolution == "flow":
        return levels - 128
    batch, channels, height, width = levels.shape
    taps = constant((0.25, 0.75, 0.75, 0.25), levels.device)
    kernel = torch.outer(taps, taps)[None, None]
    maps = levels.reshape(batch * channels, 1, height, width)
    return F.conv_transpose2d(maps, kernel, stride=2, padding=1).reshape(batch, channels, 2 * height, 2 * width) - 128


def motion_input(frames: Tensor) -> Tensor:
    """Frames [..., 3, h, w] in 0…255, blue green red → what MotionNet reads: (x − mean) / 255."""
    return (frames - constant(MEAN_BGR, frames.device)[:, None, None]) / 255


def spatial_input(frames: Tensor) -> Tensor:
    """Frames [..., 3, h, w] in 0…255, blue green red → what the spatial stream reads: x − mean."""
    return frames - constant(MEAN_BGR, frames.device)[:, None, None]


def save(network: nn.Module, path: Path, dtype: torch.dtype = torch.float32) -> None:
    """Writes the parameters as safetensors, all or nothing; running statistics always in 32 bits."""
    path = Path(path)
    tensors = {
        name: tensor.detach().to("cpu", torch.float32 if ".running_" in name else dtype).contiguous()
        for name, tensor in network.state_dict().items()
        if not name.endswith(COUNTER)
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        staged = file.name
    save_file(tensors, staged)
    os.replace(staged, path)


def load(network: nn.Module, path: Path) -> nn.Module:
    """`network` with exactly the parameters of the safetensors file at `path`."""
    counters = {name: tensor for name, tensor in network.state_dict().items() if name.endswith(COUNTER)}
    network.load_state_dict(counters | {name: tensor.float() for name, tensor in load_file(path).items()})
    return network


def motion_net_from(path: Path) -> MotionNet:
    """The MotionNet whose parameters lie at `path`; frames and width are read off its first layer."""
    width, channels = load_file(path)["conv1.weight"].shape[:2]
    return load(MotionNet(channels // 3, width), path)
