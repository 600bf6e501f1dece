"""A SimCLR training step in eager PyTorch: pairs a second, fp32 or bf16 autocast, channels_last.

step.py --arch resnet18|resnet50 --stem imagenet|cifar --size PIXELS --batch N --precision bf16|fp32 [--threads N]
[--device cpu|cuda] [--optimizer sgd|lars] [--memory]; then a line on stdin says how many steps to take after one that does
not count, a line on stdout is the figure.
With --memory it prints the MB that network and steps add to the process's peak, and ends.
"""
import argparse
import sys
import time

import torch
import torchvision
from lars_loop import Lars
from loss import nt_xent
from memory import peak
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument('--arch', required=True)
parser.add_argument('--stem', choices=['imagenet', 'cifar'], required=True)
parser.add_argument('--size', type=int, required=True)
parser.add_argument('--batch', type=int, required=True)
parser.add_argument('--precision', choices=['bf16', 'fp32'], required=True)
parser.add_argument('--threads', type=int)
parser.add_argument('--device', choices=['cpu', 'cuda'], default='cpu')
parser.add_argument('--optimizer', choices=['sgd', 'lars'], default='sgd')
parser.add_argument('--memory', action='store_true')
options = parser.parse_args()
torch.manual_seed(0)
if options.threads:
    torch.set_num_threads(options.threads)
torch.backends.cudnn.benchmark = True
views = torch.rand(2 * options.batch, 3, options.size, options.size, device=options.device) * 2 - 1
views = views.contiguous(memory_format=torch.channels_last)

nt_xent(torch.ones(64, 128, requires_grad=True), torch.arange(64).roll(32)).backward()  # PyTorch's own set-up
before = peak()
encoder = getattr(torchvision.models, options.arch)()
width = encoder.fc.in_features
if options.stem == 'cifar':
    encoder.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
    encoder.maxpool = nn.Identity()
encoder.fc = nn.Identity()
head = nn.Sequential(
    nn.Linear(width, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(),
    nn.Linear(width, 128, bias=False), nn.BatchNorm1d(128),
)
model = nn.Sequential(encoder, head).train().to(options.device, memory_format=torch.channels_last)
if options.optimizer == 'lars':
    optimizer = Lars(model.parameters(), 0.1)
else:
    optimizer = torch.optim.SGD(model.parameters(), 0.01, 0.9)
targets = torch.arange(2 * options.batch, device=options.device).roll(options.batch)


def step():
    with torch.autocast(options.device, torch.bfloat16, enabled=options.precision == 'bf16'):
        z = model(views)
    loss = nt_xent(z.float(), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


if options.memory:
    for _ in range(3):
        step()
    print(peak() - before)
    sys.exit()
for line in sys.stdin:
    steps = int(line)
    step()
    begin = time.perf_counter()
    for _ in range(steps):
        step()
    print(steps * options.batch / (time.perf_counter() - begin), flush=True)
