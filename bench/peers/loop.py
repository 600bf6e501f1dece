"""Whole SimCLR training with lightly on a folder of images: pairs a second from files to weights.

loop.py --data DIR --precision fp32|bf16 --workers N --threads N --epochs N prints one JSON line: pairsPerSecond over
all epochs, the start of the workers and writing the weights included, and the share of the loop spent waiting for
batches.
"""
import argparse
import json
import tempfile
import time

import torch
import torchvision
from lightly.data import LightlyDataset
from lightly.loss import NTXentLoss
from lightly.models.modules import SimCLRProjectionHead
from lightly.transforms import SimCLRTransform
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument('--data', required=True)
parser.add_argument('--precision', choices=['fp32', 'bf16'], required=True)
parser.add_argument('--workers', type=int, required=True)
parser.add_argument('--threads', type=int, required=True)
parser.add_argument('--epochs', type=int, required=True)
options = parser.parse_args()
torch.manual_seed(0)
torch.set_num_threads(options.threads)

begin = time.perf_counter()
layers = list(torchvision.models.resnet18().children())[:-1]
model = nn.Sequential(*layers, nn.Flatten(), SimCLRProjectionHead(512, 512, 128))
model = model.to(memory_format=torch.channels_last)
dataset = LightlyDataset(options.data, transform=SimCLRTransform(input_size=32, gaussian_blur=0.5))
loader = torch.utils.data.DataLoader(
    dataset, batch_size=256, shuffle=True, drop_last=True, num_workers=options.workers,
    persistent_workers=options.workers > 0,
)
loss_of = NTXentLoss(0.5)
optimizer = torch.optim.SGD(model.parameters(), 0.06, 0.9, weight_decay=5e-4)

pairs, waiting = 0, 0.0
loop = time.perf_counter()
for _ in range(options.epochs):
    asked = time.perf_counter()
    for (first, second), _, _ in loader:
        waiting += time.perf_counter() - asked
        views = torch.cat([first, second]).contiguous(memory_format=torch.channels_last)
        with torch.autocast('cpu', torch.bfloat16, enabled=options.precision == 'bf16'):
            z = model(views)
        loss = loss_of(*z.float().chunk(2))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        pairs += len(first)
        asked = time.perf_counter()
end = time.perf_counter()
with tempfile.NamedTemporaryFile() as file:
    torch.save(model.state_dict(), file)
seconds = time.perf_counter() - begin
print(json.dumps({'pairsPerSecond': pairs / seconds, 'waiting': waiting / (end - loop)}))
