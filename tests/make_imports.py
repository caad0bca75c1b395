#!/usr/bin/env python3
"""Networks of PyTorch's model collections with random weights, in all formats Motionscope imports, and what they answer.

Needs `pip install torch torchvision timm onnx safetensors pretrainedmodels efficientnet_lite_pytorch`. The tests compare with whatever they find:

    tests/make_imports.py /tmp/imports [--large]
    MOTIONSCOPE_IMPORTS=/tmp/imports cargo test --release imports

A case is a weights file `BACKBONE-HOW.EXTENSION` and `BACKBONE-HOW.EXTENSION.reference` (safetensors): `input` and `output` of
the network and, if it reads pictures, `picture`, the same input in blue, green, red of 0 to 255 less the mean, or for a network
of signed flow `flow`, the same in −128 to 127. --large adds VGG16: a gigabyte. --fixtures writes the narrow networks of tests/data instead and prints what they answer.
"""

import argparse
import re
import struct
import sys
from pathlib import Path

import timm
import torch
import torch.nn.functional as F
import torchvision
from efficientnet_lite_pytorch import EfficientNet
from pretrainedmodels.models.bninception import BNInception
from safetensors.torch import save_file
from torch import Tensor, nn

sys.path.append(str(Path(__file__).parent.parent / "models/pytorch"))
from networks import MEAN_BGR, MotionNet

CLASSES = 7
MOTION_WIDTH = 2
TSN_MEAN = (104.0, 117.0, 128.0)
IMAGENET_MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
IMAGENET_DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--fixtures", action="store_true")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    if arguments.fixtures:
        return fixtures(arguments.folder)
    cases = Cases(arguments.folder)
    cases.resnet(18)
    cases.resnet(50)
    cases.flow_resnet()
    cases.mobilenets()
    cases.efficientnet_lites()
    cases.bn_inception()
    cases.i3d()
    cases.squeezenet()
    cases.motion_net()
    if arguments.large:
        cases.vgg16()


class Cases:
    def __init__(self, folder: Path):
        self.folder = folder

    def resnet(self, depth: int) -> None:
        network = lived(getattr(torchvision.models, f"resnet{depth}")(num_classes=CLASSES), 3)
        self.case(f"resnet{depth}-torchvision.pth", network, lambda path: torch.save(network.state_dict(), path))
        self.case(f"resnet{depth}-torchvision.safetensors", network, lambda path: save_file(network.state_dict(), path))
        self.case(f"resnet{depth}-mmaction2.pth", network, lambda path: save_mmaction(network, mmaction_resnet, path))
        self.case(f"resnet{depth}-folded.onnx", network, lambda path: export(network, True, path))
        self.case(f"resnet{depth}-unfolded.onnx", network, lambda path: export(network, False, path))
        other = lived(timm.create_model(f"resnet{depth}", num_classes=CLASSES), 3)
        self.case(f"resnet{depth}-timm.pth", other, lambda path: torch.save(other.state_dict(), path))

    def flow_resnet(self) -> None:
        flow = torchvision.models.resnet18(num_classes=CLASSES)
        flow.conv1 = nn.Conv2d(20, 64, 7, 2, 3, bias=False)
        flow = lived(flow, 20)
        wrapped = {f"module.base_model.{name}": value for name, value in flow.state_dict().items()}
        momentum = {"state": {0: {"momentum_buffer": torch.ones(3)}}, "param_groups": []}
        checkpoint = {"epoch": 3, "arch": "resnet18", "state_dict": wrapped, "optimizer": momentum, "best": torch.tensor(0.5)}
        self.case("resnet18-flow.pth", flow, lambda path: torch.save(checkpoint, path))

    def mobilenets(self) -> None:
        network = lived(torchvision.models.mobilenet_v2(num_classes=CLASSES), 3)
        self.case("mobilenet-v2-torchvision.pth", network, lambda path: torch.save(network.state_dict(), path))
        self.case("mobilenet-v2-mmaction2.pth", network, lambda path: save_mmaction(network, mmaction_mobilenet, path))
        self.case("mobilenet-v2-folded.onnx", network, lambda path: export(network, True, path))
        self.case("mobilenet-v2-unfolded.onnx", network, lambda path: export(network, False, path))
        other = lived(timm.create_model("mobilenetv2_100", num_classes=CLASSES), 3)
        self.case("mobilenet-v2-timm.pth", other, lambda path: torch.save(other.state_dict(), path))

    def efficientnet_lites(self) -> None:
        for scale in range(3):
            backbone = f"efficientnet-lite{scale}"
            network = lived(efficientnet_lite(backbone, (96, 128), num_classes=CLASSES), 3, (96, 128))
            self.lite(f"{backbone}-package.pth", network, lambda path: torch.save(network.state_dict(), path))
            self.lite(f"{backbone}-package.safetensors", network, lambda path: save_file(network.state_dict(), path))
            other = lived(timm.create_model(f"tf_efficientnet_lite{scale}", num_classes=CLASSES), 3)
            self.lite(f"{backbone}-timm.pth", other, lambda path: torch.save(other.state_dict(), path))
        self.lite(f"{backbone}-folded.onnx", network, lambda path: export(network, True, path))
        self.lite(f"{backbone}-unfolded.onnx", network, lambda path: export(network, False, path))

    @torch.no_grad()
    def lite(self, name: str, network: nn.Module, save) -> None:
        levels = torch.randint(0, 256, (2, 3, 96, 128)).float()  # blue, green, red
        mean, inputs = torch.tensor(MEAN_BGR).view(1, 3, 1, 1), (levels.flip(1) - 127) / 128
        # Ours takes the middle off itself, from pictures of other colours and of another range.
        tensors = {"picture": levels - mean, "input": inputs - (mean - 127), "output": network(inputs)}
        self.save_case(name, tensors, save)

    def bn_inception(self) -> None:
        network = lived(bn_inception(), 3)
        state = network.state_dict()
        self.case("bn-inception-cadene.pth", network, lambda path: torch.save(state, path), mean=TSN_MEAN)
        wrapped = {
            f"module.base_model.{name}".replace("base_model.last_linear", "new_fc"): value for name, value in state.items()
        }
        self.case("bn-inception-tsn.pth", network, lambda path: torch.save({"state_dict": wrapped}, path), mean=TSN_MEAN)
        self.case("bn-inception-folded.onnx", network, lambda path: export(network, True, path), mean=TSN_MEAN)
        self.case("bn-inception-tsn.caffemodel", network, lambda path: path.write_bytes(tsn_caffemodel(state)), mean=TSN_MEAN)

    @torch.no_grad()
    def i3d(self) -> None:
        for name, planes in [("i3d-rgb.pth", 3), ("i3d-flow.pth", 2)]:
            network = lived(I3d(planes), planes, (8, 64, 64))
            torch.save(network.state_dict(), self.folder / name)
            clip = torch.randint(0, 256, (1, 16, planes, 224, 224)).float()  # pictures in blue, green, red
            signed = clip / 127.5 - 1
            output = network((signed.flip(2) if planes == 3 else signed).transpose(1, 2))
            taken_off = torch.tensor(MEAN_BGR if planes == 3 else (128.0, 128.0)).view(1, 1, planes, 1, 1)
            tensors = {"picture" if planes == 3 else "flow": clip - taken_off, "output": output}
            # Ours takes the middle off itself, from pictures of other colours and of another range.
            tensors["input"] = (signed.flip(2) if planes == 3 else signed) - (taken_off - 127.5)
            tensors = {name: tensor.flatten(1, 2) if tensor.dim() == 5 else tensor for name, tensor in tensors.items()}
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, self.folder / f"{name}.reference")
            print(f"{name}: outputs from {output.min():.3g} to {output.max():.3g}")

    def squeezenet(self) -> None:
        network = torchvision.models.squeezenet1_0(num_classes=CLASSES).eval()
        network.classifier = nn.Sequential(network.classifier[0], network.classifier[1], nn.AdaptiveAvgPool2d(1))
        self.case("squeezenet1-0-torchvision.pth", network, lambda path: torch.save(network.state_dict(), path))
        self.case("squeezenet1-0-exported.onnx", network, lambda path: export(network, True, path))

    def motion_net(self) -> None:
        network = MotionNet(11, MOTION_WIDTH).eval()
        for name, parameter in network.named_parameters():
            if name.endswith("bias") or name.startswith("conv_pr"):
                nn.init.normal_(parameter, std=0.1)

        class Finest(nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return network(x)[0]

        finest = Finest()
        self.case("motion-net-script.pth", finest, lambda path: torch.save(network.state_dict(), path), 33)
        layers = caffe_layers(network, lambda name: re.sub(r"(upsample_flow\d)_to_", r"\1to", name))
        # As released: biases of zero for transposed convolutions, layers of the loss, the temporal stream behind.
        for name, tensors in layers.items():
            if name.startswith(("deconv", "upsample")):
                tensors.append(torch.zeros(tensors[0].shape[1]))
        layers["FlowDeltas2_0"] = [torch.ones(2, 1, 3, 3)]
        layers["conv1_1_vgg16"] = [torch.ones(64, 20, 3, 3), torch.ones(64)]
        self.case("motion-net-stacked.caffemodel", finest, lambda path: path.write_bytes(caffemodel(layers)), 33)

    def vgg16(self) -> None:
        network = torchvision.models.vgg16(num_classes=CLASSES).half().float().eval()
        self.case("vgg16-torchvision.pth", network, lambda path: torch.save(network.half().state_dict(), path))
        network = network.float()
        names = iter(
            [f"conv{block}_{conv}" for block, convs in enumerate([2, 2, 3, 3, 3], 1) for conv in range(1, convs + 1)]
            + ["fc6", "fc7", "fc8"]
        )
        table = {name: next(names) for name, layer in network.named_modules() if isinstance(layer, (nn.Conv2d, nn.Linear))}
        layers = caffe_layers(network, table.__getitem__)
        self.case("vgg16-bvlc.caffemodel", network, lambda path: path.write_bytes(caffemodel_v1(layers)), mean=MEAN_BGR)

    @torch.no_grad()
    def case(self, name: str, network: nn.Module, save, channels: int | None = None, mean: tuple | None = None) -> None:
        channels = channels or next(network.parameters()).shape[1]
        tensors = {}
        if channels == 3:
            picture = torch.randint(0, 256, (2, 3, 96, 128)).float()
            tensors["picture"] = picture - torch.tensor(MEAN_BGR).view(1, 3, 1, 1)
            rgb = (picture.flip(1) / 255 - IMAGENET_MEAN) / IMAGENET_DEVIATION
            tensors["input"] = picture - torch.tensor(mean).view(1, 3, 1, 1) if mean else rgb
        else:
            tensors["input"] = torch.randn(2, channels, 64, 96)
        output = network(tensors["input"])
        tensors["output"] = output if output.dim() == 4 and channels == 33 else output.flatten(1)
        self.save_case(name, tensors, save)

    def save_case(self, name: str, tensors: dict[str, Tensor], save) -> None:
        save(self.folder / name)
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, self.folder / f"{name}.reference")
        print(f"{name}: outputs from {tensors['output'].min():.3g} to {tensors['output'].max():.3g}")


@torch.no_grad()
def lived(network: nn.Module, channels: int, size: tuple[int, ...] = (96, 96)) -> nn.Module:
    """The network with parameters and running statistics as if it had been trained."""
    network.train()
    for layer in network.modules():
        if isinstance(layer, (nn.BatchNorm2d, nn.BatchNorm3d)):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, std=0.2)
            layer.momentum = None  # the plain average
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.1)
            nn.init.normal_(layer.bias)
    for _ in range(3):
        network(torch.randn(4, channels, *size) + 0.1)
    return network.eval()


def efficientnet_lite(name: str, size: tuple[int, int], **named) -> nn.Module:
    """The network with TensorFlow's padding for pictures of `size`, height and width, and without stochastic depth."""
    return EfficientNet.from_name(name, image_size=size, drop_connect_rate=0.0, **named)


class BnInception(BNInception):
    """The collection's network for pictures that are not square."""

    def logits(self, features: Tensor) -> Tensor:
        return self.last_linear(features.mean((2, 3)))


def bn_inception(divisor: int = 1, classes: int = CLASSES) -> nn.Module:
    """BN-Inception with `divisor` times fewer maps."""
    conv, norm = nn.Conv2d, nn.BatchNorm2d

    def narrow_conv(inputs: int, outputs: int, **named) -> nn.Conv2d:
        return conv(inputs if inputs == 3 else inputs // divisor, outputs // divisor, **named)

    try:
        nn.Conv2d, nn.BatchNorm2d = narrow_conv, lambda maps, **named: norm(maps // divisor, **named)
        network = BnInception(classes)
    finally:
        nn.Conv2d, nn.BatchNorm2d = conv, norm
    network.last_linear = nn.Linear(1024 // divisor, classes)
    return network


class Same(nn.Module):
    """A layer with TensorFlow's padding, with zeros for pooling too."""

    def __init__(self, layer: nn.Module, kernel: tuple[int, int, int], stride: tuple[int, int, int]):
        super().__init__()
        self.layer, self.kernel, self.stride = layer, kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        padding = []
        for size, kernel, stride in reversed(list(zip(x.shape[2:], self.kernel, self.stride))):
            zeros = max(kernel - (size % stride or stride), 0)
            padding += [zeros // 2, zeros - zeros // 2]
        return self.layer(F.pad(x, padding))


class Unit3d(nn.Module):
    """A convolution, batch normalisation and a rectifier, named as in the PyTorch weights made of DeepMind's."""

    def __init__(self, inputs: int, outputs: int, side: int = 1, stride: int = 1):
        super().__init__()
        self.conv3d = nn.Conv3d(inputs, outputs, side, stride, bias=False)
        self.bn = nn.BatchNorm3d(outputs, eps=1e-3, momentum=0.01)
        self.size = (side,) * 3, (stride,) * 3

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(Same(self.conv3d, *self.size)(x)))


class Mixed(nn.Module):
    def __init__(self, inputs: int, maps: list[int]):
        super().__init__()
        self.b0 = Unit3d(inputs, maps[0])
        self.b1a, self.b1b = Unit3d(inputs, maps[1]), Unit3d(maps[1], maps[2], 3)
        self.b2a, self.b2b = Unit3d(inputs, maps[3]), Unit3d(maps[3], maps[4], 3)
        self.b3b = Unit3d(inputs, maps[5])

    def forward(self, x: Tensor) -> Tensor:
        pooled = pool3d((3, 3, 3), (1, 1, 1))(x)
        return torch.cat([self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(pooled)], 1)


def pool3d(kernel: tuple[int, int, int], stride: tuple[int, int, int]) -> nn.Module:
    return Same(nn.MaxPool3d(kernel, stride), kernel, stride)


class I3d(nn.Module):
    """Inflated Inception-v1 (Carreira & Zisserman 2017) with `divisor` times fewer maps."""

    MIXED = {
        "3b": (192, [64, 96, 128, 16, 32, 32]),
        "3c": (256, [128, 128, 192, 32, 96, 64]),
        "4b": (480, [192, 96, 208, 16, 48, 64]),
        "4c": (512, [160, 112, 224, 24, 64, 64]),
        "4d": (512, [128, 128, 256, 24, 64, 64]),
        "4e": (512, [112, 144, 288, 32, 64, 64]),
        "4f": (528, [256, 160, 320, 32, 128, 128]),
        "5b": (832, [256, 160, 320, 32, 128, 128]),
        "5c": (832, [384, 192, 384, 48, 128, 128]),
    }

    def __init__(self, planes: int, classes: int = CLASSES, divisor: int = 1):
        super().__init__()
        self.Conv3d_1a_7x7 = Unit3d(planes, 64 // divisor, 7, 2)
        self.Conv3d_2b_1x1 = Unit3d(64 // divisor, 64 // divisor)
        self.Conv3d_2c_3x3 = Unit3d(64 // divisor, 192 // divisor, 3)
        for name, (inputs, maps) in self.MIXED.items():
            self.add_module(f"Mixed_{name}", Mixed(inputs // divisor, [count // divisor for count in maps]))
        self.logits = nn.Module()
        self.logits.conv3d = nn.Conv3d(1024 // divisor, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = pool3d((1, 3, 3), (1, 2, 2))(self.Conv3d_1a_7x7(x))
        x = pool3d((1, 3, 3), (1, 2, 2))(self.Conv3d_2c_3x3(self.Conv3d_2b_1x1(x)))
        for name in self.MIXED:
            if name == "4b":
                x = pool3d((3, 3, 3), (2, 2, 2))(x)
            if name == "5b":
                x = pool3d((2, 2, 2), (2, 2, 2))(x)
            x = getattr(self, f"Mixed_{name}")(x)
        # 2×7×7 in the published network, which is all of the space of pictures of 224×224.
        x = F.avg_pool3d(x, (min(2, x.shape[2]), *x.shape[3:]), 1)
        return self.logits.conv3d(x).mean((2, 3, 4))


def tsn_caffemodel(state: dict[str, Tensor]) -> bytes:
    """As temporal segment networks were published: layers with slashes, four blobs for batch normalisation."""
    layers: dict[str, list[Tensor]] = {}
    for name, tensor in state.items():
        layer, parameter = name.rsplit(".", 1)
        layer = "fc-action" if layer == "last_linear" else re.sub(r"^(conv\d|inception_\d\w)_", r"\1/", layer)
        if layer.endswith("_bn"):
            tensor = tensor.reshape(1, -1, 1, 1)
        if parameter != "num_batches_tracked":
            layers.setdefault(layer, []).append(tensor)
    return caffemodel(layers)


class NarrowResNet(torchvision.models.ResNet):
    """torchvision's ResNet with `width` maps in the first layer instead of 64."""

    def __init__(self, block: type, blocks: list[int], width: int):
        self.width = width
        super().__init__(block, blocks, num_classes=3)
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.fc = nn.Linear(8 * width * block.expansion, 3)

    def _make_layer(self, block: type, planes: int, *arguments, **named) -> nn.Sequential:
        if planes == 64:
            self.inplanes = self.width
        return super()._make_layer(block, planes * self.width // 64, *arguments, **named)


@torch.no_grad()
def fixtures(folder: Path) -> None:
    """Networks small enough to be kept with the tests, in 16 bits, and their answers in 64."""
    mobilenet = torchvision.models.MobileNetV2(
        num_classes=3,
        width_mult=1 / 16,
        round_nearest=1,
        inverted_residual_setting=[
            [expansion, 16 * maps, blocks, stride]
            for expansion, maps, blocks, stride in zip(
                [1, 6, 6, 6, 6, 6, 6], [1, 1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 3, 3, 1], [1, 2, 2, 2, 1, 2, 1]
            )
        ],
    )
    mobilenet.features[18][0] = nn.Conv2d(6, 8, 1, bias=False)
    mobilenet.features[18][1] = nn.BatchNorm2d(8)
    mobilenet.classifier[1] = nn.Linear(8, 3)
    networks = {
        "resnet18_width_2.pth": NarrowResNet(torchvision.models.resnet.BasicBlock, [2, 2, 2, 2], 2),
        "resnet50_width_1.safetensors": NarrowResNet(torchvision.models.resnet.Bottleneck, [3, 4, 6, 3], 1),
        "mobilenet_v2_narrow.safetensors": mobilenet,
        "bn_inception_narrow.safetensors": bn_inception(32, 3),
    }
    for name, network in networks.items():
        state = lived(network, 3).half().state_dict()
        torch.save(state, folder / name) if name.endswith("pth") else save_file(state, folder / name)
        if name.startswith("resnet18"):
            export(network.float(), True, folder / "resnet18_width_2_folded.onnx")
        values = torch.arange(3 * 96 * 128).double() * 7919 % 256 - 128
        logits = network.double()(values.view(1, 3, 96, 128) / 128)
        print(f"{name}: {[round(value, 6) for value in logits[0].tolist()]}")
    narrow = {"num_classes": 3, "width_coefficient": 0.1, "fix_head_stem": False}
    sizes = [(96, 128), (65, 47), (130, 98)]
    lites = [efficientnet_lite("efficientnet-lite0", size, **narrow) for size in sizes]
    for first in [lite._blocks[0] for lite in lites]:
        # The package has no shortcut in a stage's first block; only in one so narrow would TensorFlow have one there.
        first._block_args = first._block_args._replace(stride=1)
    state = lived(lites[0], 3, sizes[0]).half().state_dict()
    save_file(state, folder / "efficientnet_lite_narrow.safetensors")
    for network, (height, width) in zip(lites, sizes):
        network.load_state_dict(state)
        values = torch.arange(3 * height * width).double() * 7919 % 256 - 128
        levels = values.view(1, 3, height, width) + torch.tensor(MEAN_BGR).view(1, 3, 1, 1)
        logits = network.double().eval()((levels.flip(1) - 127) / 128)
        print(f"efficientnet_lite_narrow of {height}×{width}: {[round(value, 6) for value in logits[0].tolist()]}")
    name, network = "i3d_narrow.safetensors", lived(I3d(3, 3, 16), 3, (16, 64, 64)).half()
    save_file(network.state_dict(), folder / name)
    for frames, height, width in [(20, 33, 47), (10, 224, 224), (5, 96, 64)]:
        values = torch.arange(frames * 3 * height * width).double() * 7919 % 256 - 128
        levels = values.view(frames, 3, height, width) + torch.tensor(MEAN_BGR).view(1, 3, 1, 1)
        logits = network.double()((levels / 127.5 - 1).flip(1).transpose(0, 1)[None])
        print(f"{name} of {frames}×{height}×{width}: {[round(value, 6) for value in logits[0].tolist()]}")
    print(f"I3D has {sum(tensor.numel() for tensor in I3d(3, 400).parameters())} parameters with 400 classes")


def export(network: nn.Module, folded: bool, path: Path) -> None:
    """To ONNX, with batch normalisation folded into the convolutions or not."""
    mode = torch.onnx.TrainingMode.EVAL if folded else torch.onnx.TrainingMode.PRESERVE
    example = torch.zeros(1, 3, 96, 128)
    torch.onnx.export(network, (example,), path, dynamo=False, training=mode, do_constant_folding=folded)


def save_mmaction(network: nn.Module, rename, path: Path) -> None:
    state = {rename(name): value for name, value in network.state_dict().items()}
    torch.save({"meta": {"epoch": 1}, "state_dict": state}, path)


def mmaction_resnet(name: str) -> str:
    name = re.sub(r"conv(\d)\.weight", r"conv\1.conv.weight", name)
    name = re.sub(r"bn(\d)\.", r"conv\1.bn.", name)
    name = name.replace("downsample.0.", "downsample.conv.").replace("downsample.1.", "downsample.bn.")
    return name.replace("fc.", "cls_head.fc_cls.") if name.startswith("fc.") else f"backbone.{name}"


def mmaction_mobilenet(name: str) -> str:
    stages = [(stage, block) for stage, blocks in enumerate([1, 2, 3, 4, 3, 3, 1], 1) for block in range(blocks)]
    group, index, rest = name.split(".", 2)
    if group == "classifier":
        return f"cls_head.fc_cls.{rest}"
    part = {"0": "conv", "1": "bn"}
    if index in ("0", "18"):
        which, parameter = rest.split(".")
        return f"backbone.conv{1 if index == '0' else 2}.{part[which]}.{parameter}"
    stage, block = stages[int(index) - 1]
    pieces = rest.split(".")[1:]
    if len(pieces) == 3:  # ConvBNReLU
        layer, which = pieces[0], part[pieces[1]]
    else:  # the projection and its normalisation
        last = 1 if index == "1" else 2
        layer, which = str(last), "conv" if int(pieces[0]) == last else "bn"
    return f"backbone.layer{stage}.{block}.conv.{layer}.{which}.{pieces[-1]}"


def caffe_layers(network: nn.Module, rename) -> dict[str, list[Tensor]]:
    layers: dict[str, list[Tensor]] = {}
    for name, parameter in network.named_parameters():  # the weight before the bias
        layers.setdefault(rename(name.rsplit(".", 1)[0]), []).append(parameter.detach())
    return layers


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def floats(tensor: Tensor) -> bytes:
    return tensor.float().contiguous().numpy().astype("<f4").tobytes()


def caffemodel(layers: dict[str, list[Tensor]]) -> bytes:
    """`NetParameter` of the current version."""
    file = field(1, b"net")
    for name, tensors in layers.items():
        blobs = b""
        for tensor in tensors:
            shape = field(1, b"".join(map(varint, tensor.shape)))
            blobs += field(7, field(5, floats(tensor)) + field(7, shape))
        file += field(100, field(1, name.encode()) + field(2, b"Convolution") + blobs)
    return file


def caffemodel_v1(layers: dict[str, list[Tensor]]) -> bytes:
    """`NetParameter` of version 1 with four sides for every blob; the numbers of biases are not packed."""
    parts = []
    for name, tensors in layers.items():
        blobs = b""
        for tensor in tensors:
            sides = [1] * (4 - tensor.dim()) + list(tensor.shape)
            shape = b"".join(varint(number << 3) + varint(side) for number, side in enumerate(sides, 1))
            if tensor.dim() == 1:
                data = b"".join(varint(5 << 3 | 5) + struct.pack("<f", value) for value in tensor.tolist())
            else:
                data = field(5, floats(tensor))
            blobs += field(6, shape + data)
        parts.append(field(2, field(4, name.encode()) + varint(5 << 3) + varint(4) + blobs))
    return b"".join(parts)


if __name__ == "__main__":
    main()
