"""Golden files from PyTorch in float64, in the format of test/golden, for networks that are not among those:

    golden.py FOLDER CONVENTION DEPTH MULTIPLIER STEM HEIGHT WIDTH ROWS SEED TEMPERATURE

MULTIPLIER is of the channels. torch: torchvision's ResNet with lightly's head of two layers. paper: the same network turned into
google-research/simclr's (projection in the first group, SAME pooling, biased running variance, a head of three
layers without a last shift, twice the loss), under its roles and in its layout.

The bounds of float32 are multiples of PyTorch's own errors: batch normalisation over few samples makes roundings grow, over
150 layers to 1e-4, and a ReLU whose input is zero but for rounding passes its gradient on one machine and not on the other,
which in a deep network of few samples is seen in every layer below.
"""

import json
import math
import re
import struct
import sys
from functools import partial
from pathlib import Path

import torch
import cpu_torchvision  # noqa: F401
from torch import nn
from torch.nn import functional as F
from torchvision.models import resnet

BELOW = 0xFFFFFFFF


def mix(h):
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & BELOW
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & BELOW
    return h ^ (h >> 16)


def numbers(key, seed, count):
    """The recipe's numbers in [-1, 1) for a key."""
    h = 0x811C9DC5
    for byte in key.encode():
        h = ((h ^ byte) * 0x01000193) & BELOW
    start = mix(h ^ seed)
    index = torch.arange(count, dtype=torch.int64)
    return (mix((index * 0x9E3779B1 + start) & BELOW) >> 8).double() / 2**23 - 1


def recipe(role, kind, shape, fan_in, seed):
    r = numbers(role, seed, math.prod(shape))
    values = {"kernel": r * math.sqrt(3 / fan_in), "gamma": 1 + 0.25 * r, "gamma_last": 0.4 + 0.1 * r, "beta": 0.2 * r,
              "mean": 0.2 * r, "var": 1 + 0.5 * r}[kind]
    return values.float().double().reshape(shape)


def summary(array, key):
    flat = array.detach().flatten()
    return {"shape": list(array.shape), "mean": flat.mean().item(), "l2": flat.norm().item(),
            "dot": flat.dot(numbers(key, 0, flat.numel())).item()}


class SamePool(nn.Module):
    def forward(self, x):
        def pads(n):
            total = max((-(-n // 2) - 1) * 2 + 3 - n, 0)
            return total // 2, total - total // 2
        padded = F.pad(x, (*pads(x.shape[3]), *pads(x.shape[2])), value=-math.inf)
        return F.max_pool2d(padded, 3, 2)


BLOCKS = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3]}


class Wide(resnet.ResNet):
    """torchvision's ResNet of any depth with every layer wider, unlike torchvision's own wide ones."""

    def __init__(self, depth, multiplier):
        block, counts = resnet.BasicBlock if depth < 50 else resnet.Bottleneck, BLOCKS[depth]
        super().__init__(block, counts)
        if multiplier == 1:
            return
        base = self.inplanes = 64 * multiplier
        self.conv1 = nn.Conv2d(3, base, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(base)
        for i, count in enumerate(counts):
            setattr(self, f"layer{i + 1}", self._make_layer(block, base * 2**i, count, stride=1 if i == 0 else 2))
        self.fc = nn.Linear(self.inplanes, 1)


class Network(nn.Module):
    def __init__(self, convention, depth, multiplier, stem):
        super().__init__()
        self.encoder = Wide(depth, multiplier)
        features, base = self.encoder.fc.in_features, 64 * multiplier
        self.encoder.fc = nn.Identity()
        if stem == "cifar":
            self.encoder.conv1 = nn.Conv2d(3, base, 3, padding=1, bias=False)
            self.encoder.maxpool = nn.Identity()
        elif convention == "paper":
            self.encoder.maxpool = SamePool()
        if convention == "paper" and depth < 50:
            self.encoder.layer1[0].downsample = nn.Sequential(nn.Conv2d(base, base, 1, bias=False), nn.BatchNorm2d(base))
        layers = []
        for i in range(1 if convention == "torch" else 2):
            layers += [nn.Linear(features, features, bias=False), nn.BatchNorm1d(features), nn.ReLU()]
        last = nn.BatchNorm1d(128)
        if convention == "paper":
            last.register_parameter("bias", None)
        self.head = nn.Module()
        self.head.layers = nn.Sequential(*layers, nn.Linear(features, 128, bias=False), last)
        self.groups = {}
        for module, name in [(self.encoder.maxpool, "stem"), *((getattr(self.encoder, f"layer{i}"), f"group{i}") for i in range(1, 5))]:
            module.register_forward_hook(lambda _, __, out, name=name: self.groups.update({name: out.permute(0, 2, 3, 1)}))
        self.double()

    def forward(self, x):
        h = self.encoder(x)
        hidden = self.head.layers[:3](h)
        return h, self.head.layers[3:](hidden), hidden


ATTRIBUTES = {"running_mean": "moving_mean", "running_var": "moving_variance"}


def role_of(name, convention):
    """Our name of a variable as the golden files have it."""
    if convention == "torch":
        return name.removeprefix("encoder.")
    layer, attribute = name.rsplit(".", 1)
    norm = bool(re.search(r"bn\d$|downsample\.1$", layer)) or (layer.startswith("head") and int(layer.split(".")[2]) % 3 == 1)
    attribute = ATTRIBUTES.get(attribute, ("gamma" if attribute == "weight" else "beta") if norm else "kernel")
    if layer in ("encoder.conv1", "encoder.bn1"):
        return f"stem.{layer[8:-1]}0.{attribute}"
    block = re.fullmatch(r"encoder\.layer(\d)\.(\d+)\.(.+)", layer)
    if block:
        own = {"downsample.0": "shortcut.conv", "downsample.1": "shortcut.bn"}.get(block[3], block[3])
        return f"group{block[1]}.block{block[2]}.{own}.{attribute}"
    return f"head.{int(layer.split('.')[2]) // 3}.{'bn' if norm else 'dense'}.{attribute}"


def kind_of(name, tensor, last_norms):
    if tensor.dim() > 1:
        return "kernel"
    if name.endswith("running_mean"):
        return "mean"
    if name.endswith("running_var"):
        return "var"
    if name.endswith("bias"):
        return "beta"
    return "gamma_last" if name in last_norms else "gamma"


def golden_layout(tensor, convention):
    """OIHW as HWIO, OI as IO."""
    if convention == "torch" or tensor.dim() == 1:
        return tensor
    return tensor.permute(2, 3, 1, 0) if tensor.dim() == 4 else tensor.t()


def our_layout(tensor, convention):
    if convention == "torch" or tensor.dim() == 1:
        return tensor
    return tensor.permute(3, 2, 0, 1) if tensor.dim() == 4 else tensor.t()


def nt_xent(z, temperature, convention):
    z = F.normalize(z)
    logits = z @ z.t() / temperature
    logits.fill_diagonal_(-math.inf)
    half = len(z) // 2
    targets = torch.cat([torch.arange(half) + half, torch.arange(half)])
    loss = F.cross_entropy(logits, targets)
    accuracy = (logits[:half, half:].argmax(1) == torch.arange(half)).double().mean().item()
    return (2 if convention == "paper" else 1) * loss, accuracy


def write_safetensors(path, tensors):
    header, blobs, offset = {}, [], 0
    for name, tensor in tensors.items():
        tensor = tensor.detach().contiguous()
        tensor = tensor if tensor.dtype == torch.uint8 else tensor.float()
        blob = bytes(tensor.untyped_storage())[: tensor.numel() * tensor.element_size()]
        kind = "U8" if tensor.dtype == torch.uint8 else "F32"
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


RUNS = 4
"""float32 runs that a network's bounds are taken from."""


def summary_error(actual, expected):
    unit = max(expected["l2"], 1e-30)
    mean = abs(actual["mean"] - expected["mean"]) * math.sqrt(math.prod(expected["shape"]))
    return max(abs(actual["l2"] - expected["l2"]), abs(actual["dot"] - expected["dot"]), mean) / unit


def float32_errors(make, state, x, expected, temperature, convention):
    """Errors of PyTorch's own float32 in training mode, the largest of RUNS whose inputs differ by half a unit in the last
    place: of features and of any group's summary; of any gradient; of the gradients' norm. Relative, arrays by their L2."""
    features, groups, gradients = expected
    norm = math.sqrt(sum(g.norm().item() ** 2 for g in gradients.values()))
    forward = each = whole = 0
    for _ in range(RUNS):
        net = make()
        net.load_state_dict(state)
        net.float().train()
        rounded = x * (1 + 2**-24 * (2 * torch.rand_like(x) - 1))
        h, z, _ = net(rounded.float())
        forward = max(forward, ((h - features).norm() / features.norm()).item())
        for name, out in net.groups.items():
            forward = max(forward, summary_error(summary(out.double(), f"act.{name}"), groups[name]))
        nt_xent(z, temperature, convention)[0].backward()
        squares = 0
        for name, parameter in net.named_parameters():
            actual, wanted = parameter.grad.double(), gradients[name]
            each = max(each, (actual - wanted).norm().item() / max(wanted.norm().item(), 1e-6 * norm))
            squares += actual.norm().item() ** 2
        whole = max(whole, abs(math.sqrt(squares) - norm) / norm)
    return forward, each, whole


def main(folder, convention, depth, multiplier, stem, height, width, rows, seed, temperature):
    depth, multiplier, seed, temperature = int(depth), int(multiplier), int(seed), float(temperature)
    make = partial(Network, convention, depth, multiplier, stem)
    net = make()
    last = "bn2" if depth < 50 else "bn3"
    last_norms = {name for name in net.state_dict() if re.search(rf"layer\d\.\d+\.{last}\.weight", name)}
    variables, parameters = [], 0
    state = net.state_dict()
    for name, tensor in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        role, kind = role_of(name, convention), kind_of(name, tensor, last_norms)
        shape = list(golden_layout(tensor, convention).shape)
        fan_in = math.prod(shape[1:] if convention == "torch" else shape[:-1])
        variables.append({"role": role, "shape": shape, "kind": kind})
        state[name] = our_layout(recipe(role, kind, shape, fan_in, seed), convention).contiguous()
        if name.startswith("encoder.") and "running" not in name:
            parameters += tensor.numel()
    net.load_state_dict(state)

    torch.manual_seed(seed)
    images = torch.randint(0, 256, (int(rows), int(height), int(width), 3), dtype=torch.uint8)
    x = (images.float() / 255).double().permute(0, 3, 1, 2)
    layers = 2 if convention == "torch" else 3
    tensors = {"input_u8": images}
    with torch.no_grad():
        tensors["features_eval"], tensors[f"head{layers}_eval"], tensors[f"head{layers}_hidden1_eval"] = net.eval()(x)
    groups = {"eval": {name: summary(out, f"act.{name}") for name, out in net.groups.items()}}

    counts = {}
    for name, module in net.named_modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.register_forward_hook(lambda m, i, o, name=name: counts.update({name: i[0].numel() // i[0].shape[1]}))
    features, z, _ = net.train()(x)
    groups["train"] = {name: summary(out, f"act.{name}") for name, out in net.groups.items()}
    tensors["features_train"], tensors[f"head{layers}_train"] = features, z
    loss, accuracy = nt_xent(z, temperature, convention)
    loss.backward()
    after = net.state_dict()
    for name, tensor in after.items():
        if name.endswith("running_var") and convention == "paper":
            n, old = counts[name.rsplit(".", 1)[0]], 0.9 * state[name]
            tensor.copy_(old + (tensor - old) * (n - 1) / n)
        if "running" in name:
            tensors[f"after/{role_of(name, convention)}"] = tensor
    with torch.no_grad():
        tensors["features_eval_after"] = net.eval()(x)[0]
    grads, squares = {}, 0
    for name, parameter in net.named_parameters():
        role = role_of(name, convention)
        grads[role] = summary(golden_layout(parameter.grad, convention).contiguous(), f"grad.{role}")
        squares += grads[role]["l2"] ** 2

    gradients = {name: parameter.grad for name, parameter in net.named_parameters()}
    expected = features.detach(), groups["train"], gradients
    forward, each, whole = float32_errors(make, state, x, expected, temperature, convention)

    stem_name = f"resnet_{convention}_r{depth}w{multiplier}_{stem}_{height}x{width}"
    result = {
        "name": stem_name, "depth": depth, "width_multiplier": multiplier, "stem": stem, "recipe_seed": seed, "temperature": temperature,
        "num_parameters_encoder": parameters, "variables": variables, f"head{layers}_loss": loss.item(),
        "eval_group_outputs": groups["eval"], "train_group_outputs": groups["train"],
        f"head{layers}_contrast_acc": accuracy, "grads": grads,
        "global_grad_norm" if convention == "torch" else f"head{layers}_global_grad_norm": math.sqrt(squares),
        "tolerances": {"features_train": max(1e-4, 4 * forward), "gradient_per_variable": max(0.05, 2 * each),
                       "gradient_global_norm": max(1e-3, 2 * whole)},
    }
    Path(folder, f"{stem_name}.json").write_text(json.dumps(result))
    write_safetensors(Path(folder, f"{stem_name}.safetensors"), tensors)


main(*sys.argv[1:])
