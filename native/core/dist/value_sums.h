// Adding up arrays of numbers in their order, so that the sum does not depend on who makes it. Plain numbers.
#pragma once

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <cstdint>
#include <vector>

namespace simclr {

/// sum[i] becomes the sum of parts[0][i], parts[1][i], …, or with `add` has it added; each number is turned
/// into the sum's type first. One pass over memory. Of bf16 and halves to float or double, and of floats and
/// doubles to themselves.
template <class From, class To>
void sum_values(const std::vector<const From*>& parts, int64_t count, bool add, To* sum);

}  // namespace simclr
