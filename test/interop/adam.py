"""PyTorch's side of adam-peer.test.ts: steps of torch.optim.Adam or AdamW on given gradients.

    adam.py START OUT

START has `weight.N` and `gradients.N` [steps, ...]; `lr` [steps]; name, beta1, beta2, epsilon and weightDecay are
metadata. OUT gets `weight.N`, `exp_avg.N` and `exp_avg_sq.N` after the steps.
"""

import sys

import cpu_torchvision  # noqa: F401  before peer_tensors wants torchvision
import torch
from peer_tensors import read_safetensors, write_safetensors


def main(start, out):
    tensors, metadata = read_safetensors(start)
    count = sum(name.startswith("weight.") for name in tensors)
    weights = [torch.nn.Parameter(tensors[f"weight.{i}"].clone()) for i in range(count)]
    make = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[metadata["name"]]
    optimizer = make(weights, betas=(float(metadata["beta1"]), float(metadata["beta2"])),
                     eps=float(metadata["epsilon"]), weight_decay=float(metadata["weightDecay"]))
    for step, lr in enumerate(tensors["lr"].tolist()):
        optimizer.param_groups[0]["lr"] = lr
        for i, weight in enumerate(weights):
            weight.grad = tensors[f"gradients.{i}"][step].clone()
        optimizer.step()
    result = {}
    for i, weight in enumerate(weights):
        result[f"weight.{i}"] = weight.detach()
        for name in ("exp_avg", "exp_avg_sq"):
            result[f"{name}.{i}"] = optimizer.state[weight][name]
    write_safetensors(out, result)


main(*sys.argv[1:])
