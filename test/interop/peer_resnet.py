"""The networks of bench/peers beside torchvision's, with the same weights: the largest difference of their features, as JSON."""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / 'bench/peers'))

import torch
from cpu_torchvision import torchvision
from resnet import resnet

torch.manual_seed(0)
images = torch.rand(2, 3, 64, 64)


def difference(arch):
    theirs, ours = getattr(torchvision.models, arch)(), resnet(arch)
    theirs.fc = torch.nn.Identity()
    ours.load_state_dict(theirs.state_dict())
    return (theirs.train()(images) - ours.train()(images)).abs().max().item()


print(json.dumps({arch: difference(arch) for arch in ('resnet18', 'resnet50')}))
