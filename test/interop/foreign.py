"""Files as PyTorch's users write them, for foreign.test.ts.

    foreign.py IMAGES FOLDER    FOLDER/NAME.pt for each kind, and FOLDER/NAME.safetensors with its `features`

IMAGES is that of peer.py.
"""
import copy
import sys
from pathlib import Path

import torch
from cpu_torchvision import torchvision
from lightly.models import ResNetGenerator

from peer import pixels
from peer_tensors import write_safetensors

torch.manual_seed(1)
images, folder = sys.argv[1], Path(sys.argv[2])
x = pixels(images)


def resnet(depth):
    net = getattr(torchvision.models, f"resnet{depth}")(weights=None)
    net.train()(torch.rand(16, 3, 64, 64))  # statistics that are not 0 and 1
    return net


@torch.no_grad()
def write(name, content, encoder, **options):
    torch.save(content, folder / f"{name}.pt", **options)
    write_safetensors(folder / f"{name}.safetensors", {"features": encoder.eval()(x).flatten(1).contiguous()})


def without_head(net):
    net = copy.deepcopy(net)
    net.fc = torch.nn.Identity()
    return net


net = resnet(18)
encoder = without_head(net)
write("state_dict", net.state_dict(), encoder)
write("protocol_5", {"epoch": 3, "model": net.state_dict()}, encoder, pickle_protocol=5)
write("parameters", dict(net.named_parameters()) | dict(net.named_buffers()), encoder)
write("data_parallel", {"model_state_dict": torch.nn.DataParallel(net).state_dict()}, encoder)
write("channels_last", net.to(memory_format=torch.channels_last).state_dict(), encoder)
write("double", copy.deepcopy(net).double().state_dict(), encoder)
write("half", copy.deepcopy(net).half().state_dict(), copy.deepcopy(encoder).half().float())

backbone = torch.nn.Sequential(*list(net.children())[:-1])
model = torch.nn.Module()
model.backbone, model.projection_head = backbone, torch.nn.Linear(512, 128)
write("sequential", {"state_dict": model.state_dict()}, backbone)

# facebookresearch/moco, main_moco.py, with --mlp
moco = torch.nn.Module()
moco.encoder_q = resnet(50)
encoder = without_head(moco.encoder_q)
moco.encoder_q.fc = torch.nn.Sequential(torch.nn.Linear(2048, 2048), torch.nn.ReLU(), torch.nn.Linear(2048, 128))
moco.encoder_k = copy.deepcopy(moco.encoder_q)
moco.register_buffer("queue", torch.rand(128, 8))
moco.register_buffer("queue_ptr", torch.zeros(1, dtype=torch.long))
optimizer = torch.optim.SGD(moco.encoder_q.parameters(), 0.03, momentum=0.9)
for parameter in moco.encoder_q.parameters():
    parameter.grad = torch.full_like(parameter, 1e-3)
optimizer.step()
encoder.load_state_dict({k: v for k, v in moco.encoder_q.state_dict().items() if not k.startswith("fc")})
content = {"epoch": 1, "arch": "resnet50", "state_dict": torch.nn.DataParallel(moco).state_dict(),
           "optimizer": optimizer.state_dict()}
write("moco", content, encoder)

model = torch.nn.Module()
model.backbone = ResNetGenerator("resnet-50", width=0.5)
model.backbone.train()(torch.rand(8, 3, 32, 32))
encoder = copy.deepcopy(model.backbone)
encoder.linear = torch.nn.Identity()
write("lightly", {"state_dict": model.state_dict()}, encoder)
