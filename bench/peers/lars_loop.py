"""LARS as the paper's code has it, a loop over tensors without a read-back: steps a second on ResNet-50's weights, fp32.

lars_loop.py --device cpu|cuda; then a line on stdin says how many steps to take, a line on stdout is the figure.
"""
import argparse
import sys
import time

import torch


class Lars(torch.optim.Optimizer):
    """google-research/simclr's lars_optimizer.py, classic momentum; one-dimensional weights are not adapted."""

    def __init__(self, parameters, lr, momentum=0.9, weight_decay=1e-6, trust=0.001):
        super().__init__(parameters, dict(lr=lr, momentum=momentum, weight_decay=weight_decay, trust=trust))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group['params']:
                update, rate = p.grad, group['lr']
                if p.ndim > 1:
                    update = update + group['weight_decay'] * p
                    weight, norm = p.norm(), update.norm()
                    rate = rate * torch.where((weight > 0) & (norm > 0), group['trust'] * weight / norm, 1.0)
                if 'momentum' not in self.state[p]:
                    self.state[p]['momentum'] = torch.zeros_like(p)
                buffer = self.state[p]['momentum']
                buffer.mul_(group['momentum']).add_(update * rate)
                p.sub_(buffer)


def measure():
    import torchvision
    from torch import nn

    parser = argparse.ArgumentParser()
    parser.add_argument('--device', choices=['cpu', 'cuda'], default='cpu')
    options = parser.parse_args()
    encoder = torchvision.models.resnet50()
    encoder.fc = nn.Sequential(nn.Linear(2048, 2048, bias=False), nn.BatchNorm1d(2048), nn.ReLU(),
                               nn.Linear(2048, 128, bias=False), nn.BatchNorm1d(128))
    encoder.to(options.device)
    optimizer = Lars(encoder.parameters(), lr=1e-6)
    for parameter in encoder.parameters():
        parameter.grad = torch.rand_like(parameter) * 2 - 1
    wait = torch.cuda.synchronize if options.device == 'cuda' else lambda: None
    for line in sys.stdin:
        steps = int(line)
        wait()
        begin = time.perf_counter()
        for _ in range(steps):
            optimizer.step()
        wait()
        print(steps / (time.perf_counter() - begin), flush=True)


if __name__ == '__main__':
    measure()
