"""How images lie in memory. Which is faster depends on the processor, the precision and the sizes."""
import torch

formats = {'channels_last': torch.channels_last, 'contiguous': torch.contiguous_format}
