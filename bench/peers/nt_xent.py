"""Plain NT-Xent in PyTorch, forward and backward: calls a second, or with --memory what a call adds to the peak (MB).

nt_xent.py --rows 2N --threads N [--memory]; then a line on stdin says how many calls, a line on stdout is the figure.
"""
import argparse
import sys
import time

import torch
import torch.nn.functional as F
from memory import peak

parser = argparse.ArgumentParser()
parser.add_argument('--rows', type=int, required=True)
parser.add_argument('--threads', type=int, required=True)
parser.add_argument('--memory', action='store_true')
options = parser.parse_args()
torch.manual_seed(0)
torch.set_num_threads(options.threads)


def caller(rows):
    z = torch.randn(rows, 128, requires_grad=True)
    targets = torch.arange(rows).roll(rows // 2)

    def call():
        z.grad = None
        n = F.normalize(z, dim=1)
        similarity = (n / 0.5) @ n.T
        similarity.fill_diagonal_(float('-inf'))
        F.cross_entropy(similarity, targets).backward()

    return call


caller(64)()  # PyTorch's own set-up
call = caller(options.rows)
if options.memory:
    before = peak()
    call()
    print(peak() - before)
else:
    for line in sys.stdin:
        calls = int(line)
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        print(calls / (time.perf_counter() - begin), flush=True)
