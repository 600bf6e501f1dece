// Convolution for small images on a CPU. oneDNN's kernels are made for large ones: at 4x4 pixels and below
// they spend most of their time on padding and on reordering weights (docs/performance.md). Two exact
// reformulations as matrix products reach the processor's GEMM speed there. Gradients of kernels are products
// on AVX2 at any size and the processor's tiles on AMX; where bf16 is slow, it is computed in float32.
// Everything else goes to LibTorch.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace simclr {

/// native: LibTorch's. dense: one product with the kernel written out as a matrix from all input to all
/// output values. unfold: products of the kernel with gathered patches (im2col), a cacheful of images at a
/// time. wide: bf16 or halves turned into float32 for the best of the others, where products of those are
/// slow; the same products, summed in the same precision.
enum class ConvAlgorithm { native, dense, unfold, wide };

/// Sizes of one convolution, NHWC and OHWI in memory.
struct ConvGeometry {
  int64_t images, in_height, in_width, in_channels;
  int64_t out_height, out_width, out_channels;
  int64_t size, stride, padding;

  int64_t in_pixels() const { return in_height * in_width; }
  int64_t out_pixels() const { return out_height * out_width; }
  int64_t taps() const { return size * size; }
};

/// Throws ERR_SIMCLR_INVALID_ARGUMENT if `x` [N, I, H, W] and `kernel` [O, I, k, k] do not fit.
ConvGeometry conv_geometry(const at::Tensor& x, const at::Tensor& kernel, int64_t stride, int64_t padding);

/// A function of shapes and of the processor (bf16_speed()), so that the same run always computes the same
/// bits.
ConvAlgorithm choose_algorithm(const ConvGeometry& geometry, const at::Tensor& x);

/// x [N, I, H, W] * kernel [O, I, k, k] → [N, O, H', W'], channels_last, differentiable. All algorithms agree
/// to rounding.
at::Tensor convolution(const at::Tensor& x, const at::Tensor& kernel, int64_t stride, int64_t padding);
at::Tensor convolution(const at::Tensor& x, const at::Tensor& kernel, int64_t stride, int64_t padding,
                       ConvAlgorithm algorithm);

/// The same without being differentiated.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& kernel, int64_t stride, int64_t padding,
                    ConvAlgorithm algorithm);

/// Its gradients, each when it is asked for.
class ConvBackward {
 public:
  ConvBackward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& kernel, int64_t stride,
               int64_t padding, ConvAlgorithm algorithm);
  at::Tensor x_gradient() const;
  at::Tensor kernel_gradient() const;

 private:
  /// LibTorch's, of x or of the kernel.
  at::Tensor native(bool of_kernel) const;

  at::ScalarType x_type_, kernel_type_;
  ConvAlgorithm algorithm_;
  at::Tensor dy_, x_, kernel_;
  at::Tensor whole_;  ///< x with the pixels that a strided 1x1 convolution skips; else undefined
  int64_t skipping_;  ///< that convolution's stride
  ConvGeometry g_;
};

}  // namespace simclr
