"""PyTorch's nearest rows, in float64, to hold ops.nearest against.

    python test/interop/nearest.py queries.npy references.npy K FOLDER

Writes METRIC.indices.npy (int32) and METRIC.similarities.npy (float32) into it, both [queries, K], for each metric.
"""
import sys

import numpy as np
import torch

queries, references = (torch.from_numpy(np.load(path)).double() for path in sys.argv[1:3])
k, folder = int(sys.argv[3]), sys.argv[4]
normalize = torch.nn.functional.normalize
for metric, similarities in {
    'cosine': normalize(queries) @ normalize(references).T,
    'euclidean': -torch.cdist(queries, references, compute_mode='donot_use_mm_for_euclid_dist'),
}.items():
    values, indices = similarities.topk(k)
    np.save(f'{folder}/{metric}.indices.npy', indices.numpy().astype(np.int32))
    np.save(f'{folder}/{metric}.similarities.npy', values.numpy().astype(np.float32))
