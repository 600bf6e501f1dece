"""LARS as the paper's code has it, a loop over tensors without a read-back: steps a second on ResNet-50's weights, fp32.

lars_loop.py --device cpu|cuda; then a line on stdin says how many steps to take, a line on stdout is the figure.
"""
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
    import arguments
    from rates import serve
    from resnet import resnet
    from torch import nn

    options = arguments.read('device')
    head = nn.Sequential(nn.Linear(2048, 2048, bias=False), nn.BatchNorm1d(2048), nn.ReLU(),
                         nn.Linear(2048, 128, bias=False), nn.BatchNorm1d(128))
    model = nn.Sequential(resnet('resnet50'), head).to(options.device)
    optimizer = Lars(model.parameters(), lr=1e-6)
    for parameter in model.parameters():
        parameter.grad = torch.rand_like(parameter) * 2 - 1
    serve(optimizer.step, options.device)


if __name__ == '__main__':
    measure()
