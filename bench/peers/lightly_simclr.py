"""SimCLR as lightly's examples train it: torchvision's ResNet-18, lightly's head and loss, SGD."""
import torch
import torchvision
from lightly.loss import NTXentLoss
from lightly.models.modules import SimCLRProjectionHead
from memory_format import formats
from torch import nn

rate = 0.06


def batches(dataset, workers, size=256):
    """Shuffled, without the last one that is not full."""
    return torch.utils.data.DataLoader(
        dataset, batch_size=size, shuffle=True, drop_last=True, num_workers=workers, persistent_workers=workers > 0
    )


def resnet18():
    return nn.Sequential(*list(torchvision.models.resnet18().children())[:-1], nn.Flatten())


class Training:
    """An encoder whose features have `width` numbers, a head on it, and the steps that train both."""

    def __init__(self, encoder, width, precision, memory_format, **sgd):
        self.format = formats[memory_format]
        self.model = nn.Sequential(encoder, SimCLRProjectionHead(width, width, 128)).to(memory_format=self.format)
        self.optimizer = torch.optim.SGD(self.model.parameters(), rate, 0.9, **sgd)
        self.loss = NTXentLoss(0.5)
        self.precision = precision

    def step(self, first, second):
        views = torch.cat([first, second]).contiguous(memory_format=self.format)
        with torch.autocast('cpu', torch.bfloat16, enabled=self.precision == 'bf16'):
            z = self.model(views)
        loss = self.loss(*z.float().chunk(2))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
