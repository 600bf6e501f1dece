"""Seconds from importing PyTorch and lightly to the end of the first training step on 8,000 images of 32 px in memory.

start_up.py --threads N --precision bf16|fp32 [--memory-format channels_last|contiguous] prints one number. The encoder
and the batch are those of simclr's embedded sample: ResNet-18 of half the width, 3x3/2 stem without pooling, batch 128;
the pictures are noise, which costs nothing to make.
"""
import time

begin = time.perf_counter()
import arguments
import torch
from lightly.transforms import SimCLRTransform
from lightly_simclr import Training, batches
from PIL import Image
from resnet import resnet

options = arguments.read('threads', 'precision', 'memory-format')
torch.set_num_threads(options.threads)


class Noise(torch.utils.data.Dataset):
    views = SimCLRTransform(input_size=32, gaussian_blur=0.5)
    pixels = torch.randint(0, 256, (8000, 32, 32, 3), dtype=torch.uint8).numpy()

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        return self.views(Image.fromarray(self.pixels[index]))


encoder = resnet('resnet18', 'stride2', width=32)
training = Training(encoder, encoder.features, options.precision, options.memory_format)
training.step(*next(iter(batches(Noise(), workers=0, size=128))))
print(time.perf_counter() - begin)
