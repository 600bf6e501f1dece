"""SimCLR augmentation of lightly, torchvision v2 and kornia: views a second on one thread, from decoded images.

augment.py --images DIR --size PIXELS; then a line on stdin names the peer, a line on stdout is its figure.
Every operator is on: crop, flip, jitter 0.8, grey 0.2, blur 0.5, normalisation. Seconds are the process's own on the
processor.
"""
import glob
import sys
import time

import arguments
import torch
from PIL import Image

options = arguments.read('images', 'size')
torch.set_num_threads(1)

paths = sorted(glob.glob(f'{options.images}/**/*.png', recursive=True))
if not paths:
    sys.exit(f'Expected PNG files in {options.images} but there are none.')
images = [Image.open(path).convert('RGB') for path in paths]
size = options.size
kernel = max(3, size // 10 | 1)


def lightly():
    from lightly.transforms import SimCLRTransform

    transform = SimCLRTransform(input_size=size, gaussian_blur=0.5)
    return lambda image: transform(image)  # both views


def torchvision():
    from torchvision.transforms import v2

    transform = v2.Compose([
        v2.PILToTensor(),
        v2.RandomResizedCrop(size, antialias=True),
        v2.RandomHorizontalFlip(),
        v2.RandomApply([v2.ColorJitter(0.8, 0.8, 0.8, 0.2)], 0.8),
        v2.RandomGrayscale(0.2),
        v2.RandomApply([v2.GaussianBlur(kernel, (0.1, 2.0))], 0.5),
        v2.ToDtype(torch.float32, True),
        v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])
    return lambda image: (transform(image), transform(image))


def per_image(make):
    transform = make()

    def run():
        begin = time.process_time()
        for image in images:
            transform(image)
        return 2 * len(images) / (time.process_time() - begin)

    return run


def kornia():
    import kornia.augmentation as K

    transform = torch.nn.Sequential(
        K.RandomResizedCrop((size, size)),
        K.RandomHorizontalFlip(),
        K.ColorJitter(0.8, 0.8, 0.8, 0.2, p=0.8),
        K.RandomGrayscale(p=0.2),
        K.RandomGaussianBlur((kernel, kernel), (0.1, 2.0), p=0.5),
        K.Normalize(torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])),
    )
    width, height = images[0].size
    count = 512 if size <= 64 else 16
    batch = torch.rand(count, 3, height, width)

    def run():
        begin = time.process_time()
        transform(batch)
        return count / (time.process_time() - begin)

    return run


makers = {'lightly': lambda: per_image(lightly), 'torchvision': lambda: per_image(torchvision), 'kornia': kornia}
ready = {}
for line in sys.stdin:
    name = line.strip()
    if name not in ready:
        ready[name] = makers[name]()
    print(ready[name](), flush=True)
