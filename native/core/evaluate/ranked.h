// The classes that a classifier thinks most of.
#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace simclr {

/// The `top` columns of the highest `scores` [m, classes] in each row, int64 [m, top], highest first; of
/// equal ones the lower column comes first, as argmax has it.
inline at::Tensor ranked(const at::Tensor& scores, int64_t top) {
  if (top == 1) return scores.argmax(1, /*keepdim=*/true);
  std::vector<at::Tensor> parts;
  for (const at::Tensor& rows : scores.split(4096)) {  // an order is three times as large as the scores
    const at::Tensor order = std::get<1>(rows.sort(/*stable=*/true, 1, /*descending=*/true));
    parts.push_back(order.narrow(1, 0, top).clone());
  }
  return at::cat(parts);
}

}  // namespace simclr
