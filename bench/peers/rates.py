"""Measurements on demand: a line on stdin says how many calls, a line on stdout is how many a second."""
import sys
import time


def serve(call, device='cpu', warm_up=0, each=1):
    """Times so many `call()` as each line says, after `warm_up` that do not count; prints calls a second, times `each`."""
    import torch

    wait = torch.cuda.synchronize if device == 'cuda' else lambda: None
    for line in sys.stdin:
        calls = int(line)
        for _ in range(warm_up):
            call()
        wait()
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        wait()
        print(calls * each / (time.perf_counter() - begin), flush=True)
