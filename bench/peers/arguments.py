"""Flags that several peers take, each said once. Needs no PyTorch: start_up.py counts the seconds of importing it."""
import argparse

known = {
    'threads': dict(type=int, required=True),
    'precision': dict(choices=['bf16', 'fp32'], required=True),
    'device': dict(choices=['cpu', 'cuda'], default='cpu'),
    'memory-format': dict(choices=['channels_last', 'contiguous'], default='channels_last'),
    'workers': dict(type=int, required=True),
    'epochs': dict(type=int, required=True),
    'seed': dict(type=int, default=0),
    'size': dict(type=int, required=True),
    'images': dict(required=True),
    'memory': dict(action='store_true'),
}


def read(*names, optional=(), **own):
    """The command line: flags of `known` by name, those of `optional` may be left out, and a script's own as argparse has them."""
    parser = argparse.ArgumentParser()
    for name in names:
        parser.add_argument(f'--{name}', **known[name])
    for name in optional:
        parser.add_argument(f'--{name}', **{**known[name], 'required': False})
    for name, flag in own.items():
        parser.add_argument(f'--{name.replace("_", "-")}', **flag)
    return parser.parse_args()
