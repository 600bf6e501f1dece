"""torchvision's side of torchvision.test.ts.

    peer.py export ARCH STEM FILE      a state dict with statistics that are not 0 and 1
    peer.py features FILE IMAGES OUT   features of an encoder file, loaded strictly
    peer.py strict ARCH FILE           loads a file strictly, metadata unseen

IMAGES has `images` [N, H, W, 3] uint8 and the box that evaluation takes; OUT gets `features` float32.
"""

import json
import sys

import torch
from cpu_torchvision import torchvision
from torchvision.transforms.v2 import functional as F

from peer_tensors import load_encoder, read_safetensors, write_safetensors

def pixels(file):
    tensors, metadata = read_safetensors(file)
    x = tensors["images"].permute(0, 3, 1, 2).float() / 255
    size, box = int(metadata["size"]), json.loads(metadata["box"])
    if box is not None:
        x = F.resized_crop(x, *box, [size, size], antialias=True)
    mean, std = json.loads(metadata["mean"]), json.loads(metadata["std"])
    return F.normalize(x, mean, std)


def network(arch, stem):
    net = getattr(torchvision.models, arch)(weights=None)
    if stem == "cifar":
        net.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)
        net.maxpool = torch.nn.Identity()
    return net


@torch.no_grad()
def features(net, images, out):
    write_safetensors(out, {"features": net(pixels(images))})


def main(command, *args):
    torch.manual_seed(1)
    if command == "features":
        file, images, out = args
        features(load_encoder(file), images, out)
    elif command == "export":
        arch, stem, file, images, out = args
        net = network(arch, stem)
        net.train()(torch.rand(16, 3, 64, 64))
        write_safetensors(file, net.state_dict())
        net.fc = torch.nn.Identity()
        features(net.eval(), images, out)
    elif command == "strict":
        arch, file = args
        net = network(arch, "imagenet")
        net.fc = torch.nn.Identity()
        net.load_state_dict(read_safetensors(file)[0], strict=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
