"""What lightly's SimCLR learns: accuracy of kNN and of a linear probe after the last epoch, on images it has not seen.

accuracy.py --train DIR --test DIR --precision bf16|fp32 --workers N --threads N [--memory-format channels_last|contiguous]
[--seed N] [--epochs N] [--steps N] prints one JSON line: seconds of training, knn, linear. With --steps it ends after so
many steps and prints only their seconds.
ResNet-18 with the ImageNet stem at 32 px, batch 256, SGD 0.06: lightly's own transform, head and loss.
The probes are those of lib/evaluate: cosine kNN (k 20, T 0.1), L-BFGS on standardised features (L2 1e-3, 100 iterations).
"""
import json
import math
import sys
import time
from pathlib import Path

import arguments
import numpy as np
import torch
from lightly.transforms import SimCLRTransform
from lightly_simclr import Training, batches, rate, resnet18
from PIL import Image
from probes import knn, linear

options = arguments.read(
    'precision', 'workers', 'threads', 'memory-format', 'seed',
    train=dict(required=True), test=dict(required=True), epochs=dict(type=int, default=20), steps=dict(type=int),
)
torch.manual_seed(options.seed)
torch.set_num_threads(options.threads)


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
encoder = resnet18()
training = Training(encoder, 512, options.precision, options.memory_format, weight_decay=5e-4)
loader = batches(Views(train_images), options.workers)
total, warm, step = options.epochs * len(loader), len(loader), 0
last = min(options.steps or total, total)

begin = time.perf_counter()
while step < last:
    for first, second in loader:
        cosine = 0.5 * (1 + math.cos(math.pi * (step - warm) / max(total - warm, 1)))
        training.optimizer.param_groups[0]['lr'] = rate * ((step + 1) / warm if step < warm else cosine)
        training.step(first, second)
        step += 1
        if step == last:
            break
seconds = time.perf_counter() - begin
if options.steps:
    print(json.dumps({'seconds': seconds}), flush=True)
    sys.exit()

test_images, test_classes = read(options.test)
train_features, test_features = features(encoder, train_images), features(encoder, test_images)
classes = int(train_classes.max()) + 1


def accuracy(probe):
    predicted = probe(train_features, train_classes, test_features, classes)
    return (predicted == test_classes).float().mean().item()


print(json.dumps({'seconds': seconds, 'knn': accuracy(knn), 'linear': accuracy(linear)}))
