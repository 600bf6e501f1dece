"""What lightly's SimCLR learns: accuracy of kNN and of a linear probe after the last epoch, on images it has not seen.

accuracy.py --train DIR --test DIR --precision bf16|fp32 --workers N --threads N [--seed N] [--epochs N] prints one JSON
line: seconds of training, knn, linear.
ResNet-18 with the ImageNet stem at 32 px, batch 256, SGD 0.06: lightly's own transform, head and loss.
The probes are those of lib/evaluate: cosine kNN (k 20, T 0.1), L-BFGS on standardised features (L2 1e-3, 100 iterations).
"""
import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import torchvision
from lightly.loss import NTXentLoss
from lightly.models.modules import SimCLRProjectionHead
from lightly.transforms import SimCLRTransform
from PIL import Image
from probes import knn, linear
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument('--train', required=True)
parser.add_argument('--test', required=True)
parser.add_argument('--seed', type=int, default=0)
parser.add_argument('--epochs', type=int, default=20)
parser.add_argument('--precision', choices=['bf16', 'fp32'], required=True)
parser.add_argument('--workers', type=int, required=True)
parser.add_argument('--threads', type=int, required=True)
options = parser.parse_args()
torch.manual_seed(options.seed)
torch.set_num_threads(options.threads)
batch, rate = 256, 0.06


def read(folder):
    """Images and classes of class folders, by name."""
    images, classes = [], []
    for label, sub in enumerate(sorted(path for path in Path(folder).iterdir() if path.is_dir())):
        for file in sorted(sub.iterdir()):
            images.append(Image.open(file).convert('RGB').copy())
            classes.append(label)
    return images, torch.tensor(classes)


class Views(torch.utils.data.Dataset):
    def __init__(self, images):
        self.images = images
        self.transform = SimCLRTransform(input_size=32, gaussian_blur=0.0, cj_strength=0.5)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.transform(self.images[index])


def features(encoder, images):
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    encoder.eval()
    rows = []
    with torch.no_grad():
        for first in range(0, len(images), 500):
            part = [torch.from_numpy(np.array(image)).permute(2, 0, 1) / 255 for image in images[first:first + 500]]
            rows.append(encoder((torch.stack(part) - mean) / std))
    return torch.cat(rows)


train_images, train_classes = read(options.train)
test_images, test_classes = read(options.test)
layers = list(torchvision.models.resnet18().children())[:-1]
encoder = nn.Sequential(*layers, nn.Flatten())
model = nn.Sequential(encoder, SimCLRProjectionHead(512, 512, 128)).to(memory_format=torch.channels_last)
loader = torch.utils.data.DataLoader(
    Views(train_images), batch_size=batch, shuffle=True, drop_last=True, num_workers=options.workers,
    persistent_workers=options.workers > 0,
)
optimizer = torch.optim.SGD(model.parameters(), rate, 0.9, weight_decay=5e-4)
loss_of = NTXentLoss(0.5)
total, warm, step = options.epochs * len(loader), len(loader), 0

begin = time.perf_counter()
for _ in range(options.epochs):
    for first, second in loader:
        cosine = 0.5 * (1 + math.cos(math.pi * (step - warm) / max(total - warm, 1)))
        optimizer.param_groups[0]['lr'] = rate * ((step + 1) / warm if step < warm else cosine)
        views = torch.cat([first, second]).contiguous(memory_format=torch.channels_last)
        with torch.autocast('cpu', torch.bfloat16, enabled=options.precision == 'bf16'):
            z = model(views)
        loss = loss_of(*z.float().chunk(2))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
seconds = time.perf_counter() - begin

train_features, test_features = features(encoder, train_images), features(encoder, test_images)
classes = int(train_classes.max()) + 1


def accuracy(probe):
    predicted = probe(train_features, train_classes, test_features, classes)
    return (predicted == test_classes).float().mean().item()


print(json.dumps({'seconds': seconds, 'knn': accuracy(knn), 'linear': accuracy(linear)}))
