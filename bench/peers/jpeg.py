"""JPEG files to two views each with Pillow and lightly's transform: images a second on one thread.

jpeg.py --images DIR --size PIXELS; then a line on stdin starts a measurement, a line on stdout is the figure. Seconds
are the process's own on the processor.
"""
import glob
import sys
import time

import arguments
import torch
from lightly.transforms import SimCLRTransform
from PIL import Image

options = arguments.read('images', 'size')
torch.set_num_threads(1)

paths = sorted(glob.glob(f'{options.images}/**/*.jpeg', recursive=True))
if not paths:
    sys.exit(f'Expected JPEG files in {options.images} but there are none.')
transform = SimCLRTransform(input_size=options.size, gaussian_blur=0.5)

for _ in sys.stdin:
    begin = time.process_time()
    for path in paths:
        transform(Image.open(path).convert('RGB'))
    print(len(paths) / (time.process_time() - begin), flush=True)
