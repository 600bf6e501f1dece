"""PyTorch's side of fine-tune-peer.test.ts: torchvision's ResNet-18 with its classifier, steps of SGD in float64.

    fine_tune.py START OUT

START has the state dict's tensors, `views` [steps, N, H, W, 3] and `labels` [N]; lr, momentum and nesterov are
metadata. OUT gets the state dict after the steps, and `losses`.
"""

import sys

import torch
from cpu_torchvision import torchvision
from peer_tensors import read_safetensors, write_safetensors


def main(start, out):
    tensors, metadata = read_safetensors(start)
    views, labels = tensors.pop("views").double(), tensors.pop("labels").long()
    net = torchvision.models.resnet18(weights=None, num_classes=tensors["fc.bias"].numel()).double().train()
    net.load_state_dict(tensors, strict=True)
    optimizer = torch.optim.SGD(net.parameters(), lr=float(metadata["lr"]), momentum=float(metadata["momentum"]),
                                nesterov=metadata["nesterov"] == "true")
    losses = []
    for batch in views:
        loss = torch.nn.functional.cross_entropy(net(batch.permute(0, 3, 1, 2)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    write_safetensors(out, {**net.state_dict(), "losses": torch.tensor(losses, dtype=torch.float64)})


main(*sys.argv[1:])
