"""torchvision over a CPU-only torch. PyPI's torchvision is built for CUDA: without it its operators are missing, and
it wants to describe some while it is imported. Its models and transforms need none, so that names are enough.

    cpu_torchvision.py [MODULE …]    ends with 0 where these can be imported after it
"""

import importlib
import re
import sys

import torch

_operators = torch.library.Library("torchvision", "FRAGMENT")

while True:
    try:
        import torchvision
        break
    except RuntimeError as error:
        missing = re.search(r"operator torchvision::(\w+) does not exist", str(error))
        if not missing:
            raise
        _operators.define(f"{missing[1]}(Tensor x) -> Tensor")

__all__ = ["torchvision"]

if __name__ == "__main__":
    for module in sys.argv[1:]:
        importlib.import_module(module)
