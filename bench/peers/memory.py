"""Memory of this process, as Linux counts it; the peak is that of its program, not of the one that started it."""
import re
from pathlib import Path


def peak():
    """Peak resident memory so far, MB."""
    return int(re.search(r'VmHWM:\s+(\d+)', Path('/proc/self/status').read_text())[1]) / 1024
