// NT-Xent between unit vectors: what nt_xent.cc needs from a method of computing it.
//
// With s_ij = z_i · z_j, any shift m_i, e_ij = exp((s_ij - m_i) / t), q_i the sum of e_ij over the rows j of
// other images, and r_ip = q_i + e_ip for each partner p, another view of i's image (V - 1 of them):
//   loss_i = mean over p of ln(r_ip / e_ip)
//   t * d(sum of all losses) / d z_i = sum_j (P_ij + P_ji) z_j - sum_p (R_ip + R_pi) z_p,
//   P_ij = e_ij * mean over p of 1 / r_ip,   R_ip = (q_i / r_ip) / (V - 1)
// because S is symmetric. With two views that is the paper's equation 1 (tf2/objective.py), and with more the
// geometric poly-view loss (nt_xent.h). The gradient of a member's own rows needs all z, all m and all means
// of 1 / r, and no collective after those are known.
//
// Where e_ip / r_ip is close to 1, ln r_ip - ln e_ip and e_ip / r_ip - 1 cancel. Both methods therefore keep
// partners out of the sum q_i: ln(1 + q_i / e_ip) and q_i / r_ip hold to full precision, exactly 0 for a
// single image. A shift is the largest s_ij, or the smallest s_ip where that is larger: what overflows then
// is an e_ip whose loss and gradient are 0.
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
  int64_t views = 2;  ///< of each image
};

/// All over the member's own rows, not yet over the group.
struct ContrastResult {
  at::Tensor totals;    ///< [3]: sum of losses, of hits, of entropies (a -> b)
  at::Tensor gradient;  ///< [views count, dim], t * d(sum of all losses) / d z; undefined unless asked for
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
