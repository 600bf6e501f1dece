// NT-Xent between unit vectors: what nt_xent.cc needs from a method of computing it.
//
// With s_ij = z_i · z_j and, over j other than i, r_i = sum exp((s_ij - m_i) / t) for any shift m_i:
//   loss_i = ln r_i + (m_i - s_ip) / t                                       (p: i's partner)
//   t * d(sum of all losses) / d z_i = sum_j (P_ij + P_ji) z_j - 2 z_p,      P_ij = exp((s_ij - m_i) / t) /
//   r_i
// because S is symmetric. The gradient of a member's own rows needs all z, all m and all r, and no collective
// after those are known (reference: the paper's equation 1; tf2/objective.py).
//
// Where P_ip is close to 1, ln r_i + (m_i - s_ip) / t and P_ip - 1 cancel. Both methods therefore keep the
// partner out of the sum: with q_i = r_i - exp((s_ip - m_i) / t), loss_i = ln(1 + q_i / (r_i - q_i)) and
// 1 - P_ip = q_i / r_i hold to full precision, exactly 0 for a single image.
#pragma once

#include <ATen/ATen.h>

#include "core/dist/group.h"

namespace simclr {

/// Where a member's images lie in the global batch.
struct BatchPart {
  int64_t images;  ///< in the global batch
  int64_t first;   ///< first own image
  int64_t count;   ///< own images
};

struct ContrastOptions {
  double temperature;
  bool unit_length;  ///< |z| = 1, so that s <= 1 can serve as every row's shift
  bool gradient;
};

/// All over the member's own rows, not yet over the group.
struct ContrastResult {
  at::Tensor totals;    ///< [3]: sum of losses, of hits, of entropies (a -> b)
  at::Tensor gradient;  ///< [2 count, dim], t * d(sum of all losses) / d z; undefined unless asked for
};

/// CPU: square tiles in cache, vectorised exponentials, upper triangle only when the member is alone. Memory
/// beyond z and the gradient: a tile a thread. The same bits for any number of threads.
ContrastResult contrast_tiles(const at::Tensor& z, const BatchPart& part, const ContrastOptions& options,
                              Group& group);

/// Any device, the meta device too, in plain tensor operations and without a host sync: strips of own rows
/// against all columns.
ContrastResult contrast_strips(const at::Tensor& z, const BatchPart& part, const ContrastOptions& options,
                               Group& group);

}  // namespace simclr
