"""Plain NT-Xent in PyTorch, forward and backward: calls a second, or with --memory what a call adds to the peak (MB).

nt_xent.py --rows 2N [--memory]; then a line on stdin says how many calls, a line on stdout is the figure.
"""
import argparse
import os
import resource
import sys
import time

import torch
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument('--rows', type=int, required=True)
parser.add_argument('--memory', action='store_true')
options = parser.parse_args()
torch.manual_seed(0)
torch.set_num_threads(os.cpu_count())


def call(rows):
    z = torch.randn(rows, 128, requires_grad=True)
    n = F.normalize(z, dim=1)
    similarity = n @ n.T / 0.5
    similarity = similarity.masked_fill(torch.eye(rows, dtype=torch.bool), float('-inf'))
    F.cross_entropy(similarity, torch.arange(rows).roll(rows // 2)).backward()


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if options.memory:
    call(64)
    before = peak()
    call(options.rows)
    print(peak() - before)
else:
    for line in sys.stdin:
        calls = int(line)
        begin = time.perf_counter()
        for _ in range(calls):
            call(options.rows)
        print(calls / (time.perf_counter() - begin), flush=True)
