// A run of consecutive weights, and LARS and SGD over one: the inner loops of the CPU. Plain numbers; no
// LibTorch.
#pragma once

#include <cstdint>

namespace simclr {

template <class T>
struct Slice {
  T* weight;
  T* momentum;
  const T* gradient;
  int64_t count;
  T* second_moment;  ///< Adam's (adam_kernels.h); null
};

/// Sums of squares of a slice's weights and of what its trust ratio divides by.
struct Squares {
  double weight = 0;
  double gradient = 0;
};

struct MomentumOptions {
  double coefficient;
  bool nesterov;
};

/// Of w and g + decay w.
Squares squares(const Slice<float>& slice, double decay);
Squares squares(const Slice<double>& slice, double decay);

/// First half of the popular form: moves the buffer on; of w and the update.
Squares popular_squares(const Slice<float>& slice, double decay, const MomentumOptions& options);
Squares popular_squares(const Slice<double>& slice, double decay, const MomentumOptions& options);

/// Second half of the popular form.
void popular_update(const Slice<float>& slice, double decay, double rate, const MomentumOptions& options);
void popular_update(const Slice<double>& slice, double decay, double rate, const MomentumOptions& options);

void classic_update(const Slice<float>& slice, double decay, double rate, const MomentumOptions& options);
void classic_update(const Slice<double>& slice, double decay, double rate, const MomentumOptions& options);

void torch_update(const Slice<float>& slice, double decay, double factor, double rate,
                  const MomentumOptions& options);
void torch_update(const Slice<double>& slice, double decay, double factor, double rate,
                  const MomentumOptions& options);

}  // namespace simclr
