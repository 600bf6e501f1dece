"""A SimCLR training step in eager PyTorch: pairs a second, fp32 or bf16 autocast. Needs torch alone.

step.py --arch resnet18|resnet50 --stem imagenet|cifar --size PIXELS --batch N --precision bf16|fp32 [--threads N]
[--memory-format channels_last|contiguous] [--device cpu|cuda] [--optimizer sgd|lars] [--memory]; then a line on stdin says
how many steps to take after one that does not count, a line on stdout is the figure.
With --memory it prints the MB that network and steps add to the process's peak, and ends.
"""
import sys

import arguments
import torch
from lars_loop import Lars
from loss import nt_xent
from memory import peak
from memory_format import formats
from rates import serve
from resnet import resnet
from torch import nn

options = arguments.read(
    'size', 'precision', 'device', 'memory-format', 'memory', optional=['threads'],
    arch=dict(required=True), stem=dict(choices=['imagenet', 'cifar'], required=True),
    batch=dict(type=int, required=True), optimizer=dict(choices=['sgd', 'lars'], default='sgd'),
)
memory_format = formats[options.memory_format]
torch.manual_seed(0)
if options.threads:
    torch.set_num_threads(options.threads)
torch.backends.cudnn.benchmark = True
views = torch.rand(2 * options.batch, 3, options.size, options.size, device=options.device) * 2 - 1
views = views.contiguous(memory_format=memory_format)

nt_xent(torch.ones(64, 128, requires_grad=True), torch.arange(64).roll(32)).backward()  # PyTorch's own set-up
before = peak()
encoder = resnet(options.arch, options.stem)
width = encoder.features
head = nn.Sequential(
    nn.Linear(width, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(),
    nn.Linear(width, 128, bias=False), nn.BatchNorm1d(128),
)
model = nn.Sequential(encoder, head).train().to(options.device, memory_format=memory_format)
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
serve(step, options.device, warm_up=1, each=options.batch)
