"""Plain NT-Xent in PyTorch, forward and backward: calls a second, or with --memory what a call adds to the peak (MB).

nt_xent.py --rows 2N [--device cpu|cuda] [--precision bf16|fp32] [--memory]; then a line on stdin
says how many calls, a line on stdout is the figure.
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
parser.add_argument('--device', choices=['cpu', 'cuda'], default='cpu')
parser.add_argument('--precision', choices=['bf16', 'fp32'], default='fp32')
parser.add_argument('--memory', action='store_true')
options = parser.parse_args()
torch.manual_seed(0)
torch.set_num_threads(os.cpu_count())


def call(rows):
    device = options.device
    z = torch.randn(rows, 128, device=device, requires_grad=True)
    with torch.autocast(device, torch.bfloat16, enabled=options.precision == 'bf16'):
        n = F.normalize(z, dim=1)
        similarity = n @ n.T / 0.5
        similarity = similarity.masked_fill(torch.eye(rows, dtype=torch.bool, device=device), float('-inf'))
        loss = F.cross_entropy(similarity, torch.arange(rows, device=device).roll(rows // 2))
    loss.backward()


def wait():
    if options.device == 'cuda':
        torch.cuda.synchronize()


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
        wait()
        begin = time.perf_counter()
        for _ in range(calls):
            call(options.rows)
        wait()
        print(calls / (time.perf_counter() - begin), flush=True)
