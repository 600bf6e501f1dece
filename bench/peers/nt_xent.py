"""Plain NT-Xent in PyTorch, forward and backward: calls a second, or with --memory what a call adds to the peak (MB).

nt_xent.py --rows 2N [--threads N] [--device cpu|cuda] [--precision bf16|fp32] [--memory]; then a line on stdin says how
many calls, a line on stdout is the figure.
"""
import arguments
import torch
from loss import nt_xent
from memory import peak
from rates import serve

options = arguments.read('device', 'memory', optional=['threads', 'precision'], rows=dict(type=int, required=True))
torch.manual_seed(0)
if options.threads:
    torch.set_num_threads(options.threads)


def caller(rows):
    z = torch.randn(rows, 128, device=options.device, requires_grad=True)
    targets = torch.arange(rows, device=options.device).roll(rows // 2)

    def call():
        z.grad = None
        with torch.autocast(options.device, torch.bfloat16, enabled=options.precision == 'bf16'):
            loss = nt_xent(z, targets)
        loss.backward()

    return call


caller(64)()  # PyTorch's own set-up
call = caller(options.rows)
if options.memory:
    before = peak()
    call()
    print(peak() - before)
else:
    serve(call, options.device)
