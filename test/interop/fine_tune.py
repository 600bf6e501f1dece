"""PyTorch's side of fine-tune-peer.test.ts: torchvision's ResNet-18 with its classifier, steps of SGD in float64.

    fine_tune.py START OUT

START has the state dict's tensors, `views` [steps, N, H, W, 3] and `labels` [N], -1 = none; lr, momentum, nesterov, keep
and afterBlock are metadata. The classifier stands on `keep` layers of lightly's projection head, what comes before its
block group is frozen. With `teacher.*`, the state dict
of another such network (teacherKeep), it learns what that says: temperature, weight. OUT gets the state dict after the
steps, and `losses`.
"""

import sys

import torch
from cpu_torchvision import torchvision
from peer_tensors import read_safetensors, write_safetensors


class Classifier(torch.nn.Module):
    def __init__(self, keep, classes, hidden=None):
        super().__init__()
        self.encoder = torchvision.models.resnet18(weights=None)
        dim = self.encoder.fc.in_features
        layers = []
        for _ in range(keep):
            hidden = hidden or dim
            layers += [torch.nn.Linear(dim, hidden, bias=False), torch.nn.BatchNorm1d(hidden), torch.nn.ReLU()]
            dim = hidden
        self.head = torch.nn.ModuleDict({"layers": torch.nn.Sequential(*layers)})
        self.classifier = torch.nn.Linear(dim, classes)
        self.encoder.fc = torch.nn.Identity()

    def forward(self, x):
        return self.classifier(self.head["layers"](self.encoder(x)))


def network(tensors, keep):
    first = tensors.get("head.layers.0.weight")
    net = Classifier(int(keep), tensors["classifier.bias"].numel(), None if first is None else len(first)).double()
    net.load_state_dict(tensors, strict=True)
    return net


def freeze(encoder, block):
    """The stem and the groups up to this one, as fine_tune_after_block of SimCLR's tf2/resnet.py; -1: nothing."""
    groups = [encoder.layer1, encoder.layer2, encoder.layer3, encoder.layer4]
    for part in [encoder.conv1, encoder.bn1, *groups[:block]] if block >= 0 else []:
        part.eval().requires_grad_(False)


def main(start, out):
    tensors, metadata = read_safetensors(start)
    views, labels = tensors.pop("views").double(), tensors.pop("labels").long()
    prefix = "teacher."
    taught = {name[len(prefix):]: tensors.pop(name) for name in list(tensors) if name.startswith(prefix)}
    net = network(tensors, metadata["keep"]).train()
    freeze(net.encoder, int(metadata["afterBlock"]))
    teacher = network(taught, metadata["teacherKeep"]).eval() if taught else None
    temperature, weight = float(metadata.get("temperature", 1)), float(metadata.get("weight", 0))
    optimizer = torch.optim.SGD(net.parameters(), lr=float(metadata["lr"]), momentum=float(metadata["momentum"]),
                                nesterov=metadata["nesterov"] == "true")
    cross_entropy = torch.nn.functional.cross_entropy
    losses = []
    for batch in views:
        x = batch.permute(0, 3, 1, 2)
        logits = net(x)
        loss = (1 - weight) * cross_entropy(logits, labels, ignore_index=-1) if weight < 1 else 0
        if teacher:
            with torch.no_grad():
                wanted = torch.softmax(teacher(x) / temperature, 1)
            loss = loss + weight * temperature**2 * cross_entropy(logits / temperature, wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    write_safetensors(out, {**net.state_dict(), "losses": torch.tensor(losses, dtype=torch.float64)})


main(*sys.argv[1:])
