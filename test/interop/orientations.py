"""Flips and quarter turns by torchvision and torch, and the orientations that lightly's SimCLRTransform draws.

    orientations.py IMAGE WIDTH HEIGHT HF_PROB VF_PROB RR_PROB COUNT FOLDER

IMAGE holds [height, width, 3] bytes. FOLDER gets horizontal_flip, vertical_flip and rot90_K as bytes, rotate_90 as PIL turns the
first [width, width] of it, and draws.json: of COUNT views of a square of four differently grey quarters, how often which
two of them (0 1 / 2 3 as given) came to lie at the top, as "01".
"""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import torch
import cpu_torchvision  # noqa: F401
from lightly.transforms.simclr_transform import SimCLRViewTransform
from PIL import Image
from torchvision.transforms.v2 import functional as F

path, width, height, hf_prob, vf_prob, rr_prob, count, folder = sys.argv[1:]
width, height, folder = int(width), int(height), Path(folder)
pixels = np.frombuffer(Path(path).read_bytes(), np.uint8).reshape(height, width, 3)
image = torch.from_numpy(pixels.copy()).permute(2, 0, 1)


def write(name, tensor):
    (folder / name).write_bytes(tensor.permute(1, 2, 0).contiguous().numpy().tobytes())


write("horizontal_flip", F.horizontal_flip(image))
write("vertical_flip", F.vertical_flip(image))
for k in range(4):
    write(f"rot90_{k}", torch.rot90(image, k, dims=(1, 2)))
turned = F.rotate(Image.fromarray(pixels[:width, :width]), 90)
(folder / "rotate_90").write_bytes(np.asarray(turned).tobytes())

torch.manual_seed(1)
np.random.seed(1)
view = SimCLRViewTransform(input_size=8, cj_prob=0, random_gray_scale=0, gaussian_blur=0, min_scale=1, normalize=None,
                           hf_prob=float(hf_prob), vf_prob=float(vf_prob), rr_prob=float(rr_prob))
quarters = np.kron(np.array([[0, 60], [120, 180]], np.uint8), np.ones((4, 4), np.uint8))
square = Image.fromarray(np.stack([quarters] * 3, -1))
seen = Counter()
for _ in range(int(count)):
    top = (view(square)[0, 1] * 255 / 60).round().int()
    seen[f"{top[1]}{top[6]}"] += 1
(folder / "draws.json").write_text(json.dumps(seen))
