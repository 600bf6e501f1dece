// Views of images that lie on the GPU: crop, resize, flips, turns, colours, blur and normalisation of one
// view by one block, written once, in the type and layout that the network reads. Parameters are drawn on the
// GPU from (seed, epoch, index, view), as core/augment/parameters.h draws them; the arithmetic is that of
// core/augment/reference.cc.
#pragma once

#include <cstdint>

#include "core/augment/parameters.h"
#include "core/augment/plan.h"
#include "cuda/element.h"
#include "cuda/launch.h"

namespace simclr::cuda {

/// An image of rows without gaps, `channels` 1 or 3, at `offset` in the set's bytes.
struct StoredImage {
  int64_t offset;
  int32_t width, height, channels;
};

/// All in device memory.
struct ViewSource {
  const uint8_t* bytes;
  const StoredImage* images;  ///< by index
  const uint32_t* indices;    ///< of each row
  const uint32_t* epochs;     ///< of each row
  uint64_t seed;
  int64_t rows;
  int views;
};

/// What one block works in, in floats.
struct ViewWorkspace {
  int taps;        ///< the most that an axis needs
  int images;      ///< the view's, and with blur a second one for its rows
  int64_t image;   ///< of one image, size * size * 3
  int64_t floats;  ///< altogether

  /// For images of sides up to `longest`.
  ViewWorkspace(const Plan& plan, int longest);
  int64_t bytes() const { return floats * static_cast<int64_t>(sizeof(float)); }
};

/// Workspaces up to this size are in shared memory; larger ones in global memory, one for each of
/// `view_blocks(…)` blocks. With the kernel's own 6 KiB a block stays below the 99 KiB that GPUs of compute
/// capability 8.6, 8.9 and 12.0 have for one.
constexpr int kMostSharedBytes = 88 << 10;
int64_t view_blocks(const ViewSource& source, const ViewWorkspace& workspace);

/// Writes all first views, then all second ones …: [views * rows, size, size, 3]. `memory`: global memory for
/// the workspaces, null where they are in shared memory.
template <class T>
cudaError_t make_views(const ViewSource& source, const Plan& plan, const ViewWorkspace& workspace,
                       float* memory, T* out, cudaStream_t stream);

}  // namespace simclr::cuda
