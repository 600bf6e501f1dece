"""Whole SimCLR training with lightly on a folder of images: pairs a second from files to weights.

loop.py --data DIR --precision fp32|bf16 --workers N --threads N --epochs N [--memory-format channels_last|contiguous]
prints one JSON line: pairsPerSecond over all epochs, the start of the workers and writing the weights included, and the
share of the loop spent waiting for batches.
"""
import json
import tempfile
import time

import arguments
import torch
from lightly.data import LightlyDataset
from lightly.transforms import SimCLRTransform
from lightly_simclr import Training, batches, resnet18

options = arguments.read('precision', 'workers', 'threads', 'epochs', 'memory-format', data=dict(required=True))
torch.manual_seed(0)
torch.set_num_threads(options.threads)

begin = time.perf_counter()
training = Training(resnet18(), 512, options.precision, options.memory_format, weight_decay=5e-4)
dataset = LightlyDataset(options.data, transform=SimCLRTransform(input_size=32, gaussian_blur=0.5))
loader = batches(dataset, options.workers)

pairs, waiting = 0, 0.0
loop = time.perf_counter()
for _ in range(options.epochs):
    asked = time.perf_counter()
    for (first, second), _, _ in loader:
        waiting += time.perf_counter() - asked
        training.step(first, second)
        pairs += len(first)
        asked = time.perf_counter()
end = time.perf_counter()
with tempfile.NamedTemporaryFile() as file:
    torch.save(training.model.state_dict(), file)
seconds = time.perf_counter() - begin
print(json.dumps({'pairsPerSecond': pairs / seconds, 'waiting': waiting / (end - loop)}))
