"""Seconds from importing PyTorch and lightly to the end of the first training step on 8,000 images of 32 px in memory.

start_up.py --threads N --precision bf16|fp32 prints one number. The encoder and the batch are those of simclr's
embedded sample: ResNet-18 of half the width, 3x3/2 stem without pooling, batch 128; the pictures are noise, which costs
nothing to make.
"""
import argparse
import time

begin = time.perf_counter()
import torch
import torchvision
from lightly.loss import NTXentLoss
from lightly.models.modules import SimCLRProjectionHead
from lightly.transforms import SimCLRTransform
from PIL import Image
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument('--threads', type=int, required=True)
parser.add_argument('--precision', choices=['bf16', 'fp32'], required=True)
options = parser.parse_args()
torch.set_num_threads(options.threads)


class Noise(torch.utils.data.Dataset):
    views = SimCLRTransform(input_size=32, gaussian_blur=0.5)
    pixels = torch.randint(0, 256, (8000, 32, 32, 3), dtype=torch.uint8).numpy()

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        return self.views(Image.fromarray(self.pixels[index]))


encoder = torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, [2, 2, 2, 2], width_per_group=64)
encoder.inplanes = 32
encoder.conv1 = nn.Conv2d(3, 32, 3, 2, 1, bias=False)
encoder.bn1 = nn.BatchNorm2d(32)
encoder.maxpool = nn.Identity()
for i, width in enumerate([32, 64, 128, 256]):
    layer = encoder._make_layer(torchvision.models.resnet.BasicBlock, width, 2, 1 if i == 0 else 2)
    setattr(encoder, f'layer{i + 1}', layer)
encoder.fc = nn.Identity()
model = nn.Sequential(encoder, SimCLRProjectionHead(256, 256, 128)).to(memory_format=torch.channels_last)
loader = torch.utils.data.DataLoader(Noise(), batch_size=128, shuffle=True, drop_last=True)
optimizer = torch.optim.SGD(model.parameters(), 0.06, 0.9)
first, second = next(iter(loader))
views = torch.cat([first, second]).contiguous(memory_format=torch.channels_last)
with torch.autocast('cpu', torch.bfloat16, enabled=options.precision == 'bf16'):
    z = model(views)
NTXentLoss(0.5)(*z.float().chunk(2)).backward()
optimizer.step()
print(time.perf_counter() - begin)
