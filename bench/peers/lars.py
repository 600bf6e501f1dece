"""lightly's LARS on ResNet-50 and lightly's head: steps a second, fp32.

lars.py --threads N; then a line on stdin says how many steps to take, a line on stdout is the figure.
"""
import arguments
import torch
from lightly.models.modules import SimCLRProjectionHead
from lightly.models.utils import get_weight_decay_parameters
from lightly.utils.lars import LARS
from rates import serve
from resnet import resnet
from torch import nn

options = arguments.read('threads')
torch.set_num_threads(options.threads)

model = nn.ModuleList([resnet('resnet50'), SimCLRProjectionHead(2048, 2048, 128)])
decayed, excluded = get_weight_decay_parameters([model])
optimizer = LARS(
    [{'params': decayed}, {'params': excluded, 'weight_decay': 0.0}], lr=0.1, momentum=0.9, weight_decay=1e-6
)
for parameter in model.parameters():
    parameter.grad = torch.rand_like(parameter) * 2 - 1
serve(optimizer.step)
