"""The usual PyTorch probes of features: the classes that they predict for the rows of `test`."""
import torch
import torch.nn.functional as F
from torch import nn


def knn(train, labels, test, classes, k=20, temperature=0.1):
    """As in Wu et al. 2018: cosine, votes exp(similarity / temperature)."""
    similar, nearest = (F.normalize(test) @ F.normalize(train).T).topk(k)
    votes = torch.zeros(len(test), classes).scatter_add_(1, labels[nearest], (similar / temperature).exp())
    return votes.argmax(1)


def linear(train, labels, test, classes):
    """Logistic regression on standardised features by L-BFGS, at most 100 iterations, L2 1e-3, from random weights."""
    mean, std = train.mean(0), train.std(0) + 1e-6
    train, test = (train - mean) / std, (test - mean) / std
    probe = nn.Linear(train.shape[1], classes)
    optimizer = torch.optim.LBFGS(probe.parameters(), max_iter=100, line_search_fn='strong_wolfe')

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(probe(train), labels) + 1e-3 * probe.weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return probe(test).argmax(1)
