"""Loads an encoder.safetensors into torchvision's ResNet:

    python torchvision_resnet.py runs/photos/encoder.safetensors

`load_encoder` wants a file in the torch convention: what the paper's code computes, torchvision cannot.
"""

import json
import struct
import sys

import torch
import torchvision

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
          "I64": torch.int64, "I32": torch.int32, "U8": torch.uint8}


def read_safetensors(path):
    """Arrays by name, and the metadata; what safetensors.torch.load_file does, without the package."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(data[begin:end], dtype=DTYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return tensors, metadata


def load_encoder(path):
    """torchvision's ResNet with the encoder's weights, in evaluation mode: features, or the logits of a fine-tuned one."""
    state, metadata = read_safetensors(path)
    if metadata.get("convention") != "torch":
        raise ValueError(
            f"{path} is an encoder in the {metadata.get('convention')} convention, which torchvision's ResNet "
            "cannot hold: it pads the stem's pooling on both sides and has no projection in the first group of "
            "ResNet-18 and 34. Train with encoder.convention 'torch', or embed with simclr."
        )
    if float(metadata["width"]) != 1 or metadata["stem"] == "stride2":
        raise ValueError(f"{path}: torchvision has neither other widths nor a stride-2 stem of 3x3.")
    network = getattr(torchvision.models, metadata["arch"])(weights=None)
    if metadata["stem"] == "cifar":
        network.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)
        network.maxpool = torch.nn.Identity()
    classes = json.loads(metadata.get("classes", "null"))
    network.fc = torch.nn.Identity() if classes is None else torch.nn.Linear(network.fc.in_features, len(classes))
    network.load_state_dict(state, strict=True)
    return network.eval()


if __name__ == "__main__":
    encoder = load_encoder(sys.argv[1])
    print(encoder(torch.rand(1, 3, 64, 64)).shape[1], "features, or classes of a fine-tuned encoder")
