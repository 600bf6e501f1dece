#include "core/augment/orientation.h"
#include "core/image/color.h"
#include "core/image/resample_weights.h"
#include "cuda/augment/view_kernels.h"

namespace simclr::cuda {
namespace {

constexpr int kThreads = 256;
/// Blocks that share global workspaces: two for each of the 132 multiprocessors of an H200, so that one works
/// while the other waits for memory. Of 224 px with blur that is 320 MB, more than any second-level cache
/// has.
constexpr int64_t kGlobalBlocks = 264;

// A thread keeps no array that it indexes by what only the running kernel knows: such an array lies in local
// memory, which is read and written through the caches (scripts/kernel-frames.mjs sees to it).

struct Workspace {
  float* image;    // [size, size, 3]
  float* blurred;  // likewise, rows blurred; the image itself where no view is
  // Of the view's columns, then of its rows: [2 * size, taps], [2 * size], [2 * size].
  float* weights;
  int* first;
  int* count;
  float* kernel;  // of the blur

  __device__ Workspace(float* memory, const ViewWorkspace& of, int size) {
    image = memory;
    blurred = image + (of.images - 1) * of.image;
    weights = blurred + of.image;
    first = reinterpret_cast<int*>(weights + 2 * size * of.taps);
    count = first + 2 * size;
    kernel = reinterpret_cast<float*>(count + 2 * size);
  }
};

SIMCLR_HD Resampling resampling_of(const Plan& plan) {
  if (plan.crop) return resampling(plan.crop->filter, plan.crop->antialias);
  if (plan.center) return resampling(plan.center->filter, plan.center->antialias);
  return Resampling::kTriangle;
}

__device__ Rgb read(const float* image, int pixel) {
  return {image[3 * pixel], image[3 * pixel + 1], image[3 * pixel + 2]};
}

/// A pixel of one byte or three, from 0 to 255.
__device__ Rgb levels(const uint8_t* bytes, bool grey) {
  const float first = bytes[0];
  if (grey) return {first, first, first};
  return {first, static_cast<float>(bytes[1]), static_cast<float>(bytes[2])};
}

__device__ void add(Rgb& sum, Rgb p, float weight) {
  sum.r += weight * p.r;
  sum.g += weight * p.g;
  sum.b += weight * p.b;
}

__device__ void write(float* image, int pixel, Rgb p) {
  image[3 * pixel] = p.r;
  image[3 * pixel + 1] = p.g;
  image[3 * pixel + 2] = p.b;
}

/// The block's sum of three values, for all threads.
__device__ void block_sums(double (&values)[3]) {
  __shared__ double sums[3][kThreads];
  for (int c = 0; c < 3; ++c) sums[c][threadIdx.x] = values[c];
  __syncthreads();
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (static_cast<int>(threadIdx.x) < half) {
      for (int c = 0; c < 3; ++c) sums[c][threadIdx.x] += sums[c][threadIdx.x + half];
    }
    __syncthreads();
  }
  for (int c = 0; c < 3; ++c) values[c] = sums[c][0];
  __syncthreads();  // before the next sum is written
}

/// Everything one block does for one view. A pixel belongs to one thread throughout, until the blur.
template <class T>
class ViewMaker {
 public:
  __device__ ViewMaker(const Plan& plan, const ViewParameters& view, const Workspace& memory)
      : plan_(plan), view_(view), memory_(memory), pixels_(plan.size * plan.size) {}

  __device__ void run(const uint8_t* bytes, const StoredImage& image, int taps, T* out) {
    resample(bytes, image, taps);
    if (view_.jitter) jitter();
    each_pixel([&](int pixel) {
      Rgb p = read(memory_.image, pixel);
      if (view_.gray) p = {gray(p), gray(p), gray(p)};
      write(memory_.image, pixel, clip01(p));
    });
    if (view_.blur) {
      blur(out);
    } else {
      each_pixel([&](int pixel) { store(read(memory_.image, pixel), pixel, out); });
    }
  }

 private:
  template <class Work>
  __device__ void each_pixel(const Work& work) const {
    for (int pixel = threadIdx.x; pixel < pixels_; pixel += kThreads) work(pixel);
  }

  __device__ void resample(const uint8_t* bytes, const StoredImage& image, int taps) {
    const Resampling kind = resampling_of(plan_);
    const int size = plan_.size;
    for (int i = threadIdx.x; i < 2 * size; i += kThreads) {
      const bool row = i >= size;
      memory_.count[i] = resample_weights(kind, row ? view_.box.height : view_.box.width, size,
                                          row ? i - size : i, &memory_.first[i], memory_.weights + i * taps);
    }
    __syncthreads();
    // A cubic kernel's overshoot is kept until the first operator in the paper's convention (reference.cc).
    const bool keep = plan_.jitter && plan_.jitter->operators == Convention::kPaper;
    each_pixel([&](int pixel) {
      // From shared memory each time: kept in registers it would push others out.
      const Place at = upright(orientation(view_), size, pixel / size, pixel % size);
      const int column = at.x, row = size + at.y;
      Rgb sum{};
      for (int ky = 0; ky < memory_.count[row]; ++ky) {
        const int64_t y = view_.box.y + memory_.first[row] + ky;
        const uint8_t* from =
            bytes + (y * image.width + view_.box.x + memory_.first[column]) * image.channels;
        Rgb along{};
        for (int kx = 0; kx < memory_.count[column]; ++kx) {
          const Rgb p = levels(from + kx * image.channels, image.channels == 1);
          add(along, p, memory_.weights[column * taps + kx]);
        }
        add(sum, along, memory_.weights[row * taps + ky]);
      }
      const Rgb p{sum.r / 255.0f, sum.g / 255.0f, sum.b / 255.0f};
      write(memory_.image, pixel, keep ? p : clip01(p));
    });
  }

  __device__ void jitter() {
    const JitterPlan& plan = *plan_.jitter;
    const bool paper = plan.operators == Convention::kPaper;
    const float sixths = hue_sixths(view_.hue);
    const ColorMatrix rotation = hue_rotation(view_.hue);
    for (const ColorOperator op : view_.order) {
      Rgb mean{};
      if (op == ColorOperator::kContrast) mean = means(paper);
      each_pixel([&](int pixel) {
        Rgb p = read(memory_.image, pixel);
        switch (op) {
          case ColorOperator::kBrightness: {
            const float b = view_.brightness;
            p = plan.add_brightness ? Rgb{p.r + b, p.g + b, p.b + b} : Rgb{p.r * b, p.g * b, p.b * b};
            break;
          }
          case ColorOperator::kContrast:
            p = {blend(p.r, mean.r, view_.contrast), blend(p.g, mean.g, view_.contrast),
                 blend(p.b, mean.b, view_.contrast)};
            break;
          case ColorOperator::kSaturation:
            p = paper ? saturate_hsv(p, view_.saturation) : saturate_blend(p, view_.saturation);
            break;
          case ColorOperator::kHue:
            p = plan.fast_hue ? transform(p, rotation) : shift_hue(p, sixths);
            break;
        }
        write(memory_.image, pixel, clip01(p));
      });
    }
  }

  /// Of the whole image: each channel's (paper) or the grey image's (torch).
  __device__ Rgb means(bool paper) {
    double sums[3] = {};
    each_pixel([&](int pixel) {
      const Rgb p = read(memory_.image, pixel);
      if (paper) {
        sums[0] += static_cast<double>(p.r);
        sums[1] += static_cast<double>(p.g);
        sums[2] += static_cast<double>(p.b);
      } else {
        sums[0] += static_cast<double>(gray(p));
      }
    });
    block_sums(sums);
    const auto mean = [&](double sum) { return static_cast<float>(sum / pixels_); };
    const float first = mean(sums[0]);
    return paper ? Rgb{first, mean(sums[1]), mean(sums[2])} : Rgb{first, first, first};
  }

  /// Where position `at` of an axis is read, -1 for a padding zero.
  __device__ int source(int at) const {
    if (at >= 0 && at < plan_.size) return at;
    if (plan_.blur->padding == Padding::kZero) return -1;
    return at < 0 ? -at : 2 * (plan_.size - 1) - at;
  }

  __device__ void blur(T* out) {
    const int taps = plan_.blur->kernel, radius = taps / 2, size = plan_.size;
    for (int k = threadIdx.x; k < taps; k += kThreads) {
      const float x = static_cast<float>(k - radius) / view_.sigma;
      memory_.kernel[k] = expf(-0.5f * x * x);
    }
    __syncthreads();  // the image is whole, too
    float total = 0;
    for (int k = 0; k < taps; ++k) total += memory_.kernel[k];
    each_pixel([&](int pixel) {
      const int y = pixel / size, x = pixel % size;
      Rgb sum{};
      for (int k = 0; k < taps; ++k) {
        const int from = source(x + k - radius);
        if (from >= 0) add(sum, read(memory_.image, y * size + from), memory_.kernel[k] / total);
      }
      write(memory_.blurred, pixel, sum);
    });
    __syncthreads();
    each_pixel([&](int pixel) {
      const int y = pixel / size, x = pixel % size;
      Rgb sum{};
      for (int k = 0; k < taps; ++k) {
        const int from = source(y + k - radius);
        if (from >= 0) add(sum, read(memory_.blurred, from * size + x), memory_.kernel[k] / total);
      }
      store(clip01(sum), pixel, out);
    });
  }

  __device__ void store(Rgb p, int pixel, T* out) const {
    if (view_.solarize) {
      const float t = plan_.solarize->threshold;
      p = {solarize(p.r, t), solarize(p.g, t), solarize(p.b, t)};
    }
    if (plan_.normalize) {
      const NormalizePlan& n = *plan_.normalize;
      p = {(p.r - n.mean[0]) / n.std[0], (p.g - n.mean[1]) / n.std[1], (p.b - n.mean[2]) / n.std[2]};
    }
    out[3 * pixel] = from_float<T>(p.r);
    out[3 * pixel + 1] = from_float<T>(p.g);
    out[3 * pixel + 2] = from_float<T>(p.b);
  }

  const Plan& plan_;
  const ViewParameters& view_;
  const Workspace& memory_;
  const int pixels_;
};

template <class T>
__global__ void __launch_bounds__(kThreads)
    view_kernel(ViewSource source, Plan plan, ViewWorkspace workspace, float* memory, T* out) {
  float* const own = memory == nullptr ? dynamic_shared<float>() : memory + blockIdx.x * workspace.floats;
  const Workspace work(own, workspace, plan.size);
  alignas(8) __shared__ unsigned char drawn[sizeof(ViewParameters)];
  ViewParameters& view = *reinterpret_cast<ViewParameters*>(drawn);
  for (int64_t at = blockIdx.x; at < source.views * source.rows; at += gridDim.x) {
    const int64_t row = at % source.rows;
    const uint32_t index = source.indices[row];
    const StoredImage image = source.images[index];
    if (threadIdx.x == 0) {
      const ViewKey key{source.seed, source.epochs[row], index, static_cast<uint32_t>(at / source.rows)};
      view = draw_parameters(plan, key, image.width, image.height);
    }
    __syncthreads();
    ViewMaker<T>(plan, view, work)
        .run(source.bytes + image.offset, image, workspace.taps, out + at * plan.size * plan.size * 3);
    __syncthreads();  // the next view overwrites what this one still reads
  }
}

}  // namespace

ViewWorkspace::ViewWorkspace(const Plan& plan, int longest) {
  taps = max_taps(resampling_of(plan), longest, plan.size);
  image = static_cast<int64_t>(plan.size) * plan.size * 3;
  images = plan.blur ? 2 : 1;
  floats = images * image + 2 * static_cast<int64_t>(plan.size) * taps + 4 * plan.size +
           (plan.blur ? plan.blur->kernel : 0);
}

int64_t view_blocks(const ViewSource& source, const ViewWorkspace& workspace) {
  const int64_t views = source.views * source.rows;
  return workspace.bytes() <= kMostSharedBytes || views < kGlobalBlocks ? views : kGlobalBlocks;
}

template <class T>
cudaError_t make_views(const ViewSource& source, const Plan& plan, const ViewWorkspace& workspace,
                       float* memory, T* out, cudaStream_t stream) {
  const auto kernel = view_kernel<T>;
  const int shared = memory == nullptr ? static_cast<int>(workspace.bytes()) : 0;
  const cudaError_t status = allow_shared(kernel, kMostSharedBytes);
  if (status != cudaSuccess) return status;
  const auto blocks = static_cast<unsigned>(view_blocks(source, workspace));
  SIMCLR_LAUNCH(kernel, blocks, kThreads, shared, stream, source, plan, workspace, memory, out);
  return cudaGetLastError();
}

template cudaError_t make_views(const ViewSource&, const Plan&, const ViewWorkspace&, float*, float*,
                                cudaStream_t);
template cudaError_t make_views(const ViewSource&, const Plan&, const ViewWorkspace&, float*, Bf16*,
                                cudaStream_t);
template cudaError_t make_views(const ViewSource&, const Plan&, const ViewWorkspace&, float*, Half*,
                                cudaStream_t);

}  // namespace simclr::cuda
