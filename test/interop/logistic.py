"""Multinomial logistic regression by PyTorch's L-BFGS in float64: mean cross entropy + l2 |W|^2, not on
the bias. Standard input: {features [n][dim], labels [n], queries [m][dim], classes, l2}. Prints the queries' classes as
JSON: `classes`, and `half`, those of the convention l2 / 2 |W|^2.
"""

import json
import sys

import torch
import torch.nn.functional as F

given = json.load(sys.stdin)
features = torch.tensor(given["features"], dtype=torch.float64)
labels = torch.tensor(given["labels"])
mean, std = features.mean(0), features.std(0) + 1e-6
features = (features - mean) / std
queries = (torch.tensor(given["queries"], dtype=torch.float64) - mean) / std


def fitted(l2):
    weight = torch.zeros(given["classes"], features.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(given["classes"], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight, bias], max_iter=1000, tolerance_grad=1e-12, tolerance_change=1e-14, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(F.linear(features, weight, bias), labels) + l2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return F.linear(queries, weight, bias).argmax(1).tolist()


print(json.dumps({"classes": fitted(given["l2"]), "half": fitted(given["l2"] / 2)}))
