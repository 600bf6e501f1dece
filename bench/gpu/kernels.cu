// The kernels alone, on one GPU: milliseconds and the share of what copying reaches there, one line of JSON
// each. nvcc builds it from the kernels' sources without LibTorch (scripts/gpu/steps.mjs).
#include <cuda_runtime.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "cuda/augment/view_kernels.h"
#include "cuda/loss/contrast_kernels.h"
#include "cuda/loss/normalize_kernels.h"
#include "cuda/nn/batch_norm_kernels.h"
#include "cuda/optim/update_kernels.h"

using namespace simclr;
using namespace simclr::cuda;

namespace {

void must(cudaError_t status) {
  if (status == cudaSuccess) return;
  std::fprintf(stderr, "CUDA: %s\n", cudaGetErrorString(status));
  std::exit(1);
}

int64_t allocated = 0;

template <class T>
T* device(const std::vector<T>& values) {
  T* memory;
  must(cudaMalloc(&memory, values.size() * sizeof(T)));
  must(cudaMemcpy(memory, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  allocated += static_cast<int64_t>(values.size() * sizeof(T));
  return memory;
}

std::vector<float> noise(size_t count) {
  std::vector<float> out(count);
  uint32_t seed = 1;
  for (float& x : out) {
    seed = seed * 1664525u + 1013904223u;
    x = static_cast<float>(seed >> 8) * 0x1p-23f - 1;
  }
  return out;
}

/// Median milliseconds of `work`, 20 times after 3.
template <class Work>
double milliseconds(const Work& work) {
  cudaEvent_t begin, end;
  must(cudaEventCreate(&begin));
  must(cudaEventCreate(&end));
  std::vector<float> times;
  for (int i = 0; i < 23; ++i) {
    must(cudaEventRecord(begin));
    work();
    must(cudaEventRecord(end));
    must(cudaEventSynchronize(end));
    float time;
    must(cudaEventElapsedTime(&time, begin, end));
    if (i >= 3) times.push_back(time);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

/// Bytes that are read and written in a second, of a copy far beyond what caches hold.
double copy_rate() {
  constexpr size_t kBytes = size_t{2} << 30;
  char *from, *to;
  must(cudaMalloc(&from, kBytes));
  must(cudaMalloc(&to, kBytes));
  must(cudaMemset(from, 1, kBytes));
  const double time =
      milliseconds([&] { must(cudaMemcpyAsync(to, from, kBytes, cudaMemcpyDeviceToDevice)); });
  must(cudaFree(from));
  must(cudaFree(to));
  const double rate = 2.0 * kBytes / time * 1e3;
  std::printf("{\"name\":\"copy\",\"milliseconds\":%.4g,\"gigabytesPerSecond\":%.4g}\n", time, rate * 1e-9);
  return rate;
}

void contrast(int64_t rows) {
  constexpr int kDim = 128;
  allocated = 0;
  float* const z = device(noise(rows * kDim));
  float* const exact = device(std::vector<float>(rows * kDim));
  float* const norms = device(std::vector<float>(rows));
  Half* const halves = device(std::vector<Half>(rows * kDim));
  float* const sums = device(std::vector<float>(5 * rows));
  float* const gradient = device(std::vector<float>(rows * kDim));
  const int64_t* const first = device(std::vector<int64_t>{0});
  const ContrastSizes sizes{rows / 2, rows / 2, first, kDim, 0.1f};
  const double time = milliseconds([&] {
    must(unit_rows(z, rows, kDim, 1e-6f, exact, norms, nullptr));
    must(contrast_halves(exact, rows, kDim, kDim, halves, nullptr));
    must(contrast_sums(halves, sizes, {sums, sums + rows, sums + 2 * rows, sums + 3 * rows, sums + 4 * rows},
                       nullptr));
    must(contrast_gradient(halves, exact, kDim, sizes, sums + 3 * rows, sums + 4 * rows, gradient, nullptr));
    must(unit_rows_backward(exact, norms, rows, kDim, 1e-6f, gradient, nullptr));
  });
  const double operations = 3 * 2.0 * static_cast<double>(rows) * static_cast<double>(rows) * kDim;
  std::printf("{\"name\":\"ntxent-%lld\",\"milliseconds\":%.4g,\"teraflops\":%.4g,\"megabytes\":%.4g}\n",
              static_cast<long long>(rows), time, operations / time * 1e-9,
              static_cast<double>(allocated) * 1e-6);
}

/// Weights of each of ResNet-50's tensors and of the head's (2048 -> 2048 -> 128), as torchvision has them.
std::vector<int64_t> resnet50() {
  std::vector<int64_t> counts;
  const auto layer = [&](int64_t in, int64_t out, int64_t kernel) {  // with its BatchNorm's scale and shift
    for (const int64_t count : {in * out * kernel * kernel, out, out}) counts.push_back(count);
  };
  layer(3, 64, 7);
  int64_t in = 64;
  for (const auto& [width, blocks] : {std::pair{64, 3}, {128, 4}, {256, 6}, {512, 3}}) {
    for (int block = 0; block < blocks; ++block) {
      layer(in, width, 1);
      layer(width, width, 3);
      layer(width, 4 * width, 1);
      if (block == 0) layer(in, 4 * width, 1);
      in = 4 * width;
    }
  }
  layer(2048, 2048, 1);
  layer(2048, 128, 1);
  return counts;
}

/// `copy`: bytes a second of a copy.
void lars(double copy) {
  const std::vector<int64_t> counts = resnet50();
  int64_t total = 0;
  std::vector<UpdateTensor> tensors;
  std::vector<UpdateChunk> chunks;
  for (const int64_t count : counts) {
    const auto first = static_cast<int32_t>(chunks.size());
    for (int64_t begin = 0; begin < count; begin += kUpdateChunk)
      chunks.push_back({static_cast<int32_t>(tensors.size()), begin});
    const std::vector<float> values = noise(count);
    tensors.push_back({device(values), device(values), device(values), count, first,
                       static_cast<int32_t>(chunks.size()) - first, count <= 2048});  // BatchNorm's
    total += count;
  }
  const UpdateTable table{device(tensors), device(chunks), device(std::vector<UpdateSquares>(chunks.size())),
                          static_cast<int>(chunks.size())};
  const float* const lr = device(std::vector<float>{1e-6f});
  const UpdateOptions options{UpdateForm::kPaperClassic, 0.9f, false, 1e-6, 0.001, 0};
  const double time = milliseconds([&] { must(update_step(table, options, lr, nullptr)); });
  const double rate = 28.0 * static_cast<double>(total) / time * 1e3;
  std::printf(
      "{\"name\":\"lars-resnet50\",\"milliseconds\":%.4g,\"weights\":%lld,\"gigabytesPerSecond\":%.4g,"
      "\"ofCopy\":%.3g}\n",
      time, static_cast<long long>(total), rate * 1e-9, rate / copy);
}

void batch_norm(int64_t rows, int64_t channels, double copy) {
  const auto count = static_cast<size_t>(rows * channels);
  std::vector<Bf16> values(count, Bf16{0x3f80});
  for (size_t i = 0; i < count; i += 3) values[i].bits = 0xbf00;
  Bf16 *const x = device(values), *const y = device(values), *const dy = device(values),
              *const dx = device(values);
  double* const scratch = device(std::vector<double>(batch_norm_scratch(rows, channels, 2)));
  const auto doubles = [&](int64_t size) { return device(std::vector<double>(size)); };
  const auto floats = [&] { return device(std::vector<float>(channels, 0.5f)); };
  double *const mean = doubles(channels), *const m2 = doubles(channels), *const rstd = doubles(channels),
                *const sums = doubles(2 * channels);
  float *const scale = floats(), *const d_scale = floats(), *const d_shift = floats();
  const RunningArrays running{floats(), floats(), device(std::vector<int64_t>(1)), 0.1, true};
  const ChannelArrays norm{mean, rstd, scale, scale};
  const RowCount all{static_cast<double>(rows), nullptr};
  const double time = milliseconds([&] {
    must(batch_norm_moments(x, rows, channels, scratch, mean, m2, nullptr));
    must(batch_norm_settle(mean, m2, all, 1e-5, running, channels, rstd, nullptr));
    must(batch_norm_apply<Bf16>(x, dy, norm, true, y, rows, channels, nullptr));
    must(batch_norm_sums<Bf16>(dy, y, x, mean, rows, channels, scratch, sums, nullptr));
    must(batch_norm_input<Bf16>(dy, y, x, norm, sums, all, dx, nullptr, rows, channels, nullptr));
    must(batch_norm_parameters(sums, rstd, channels, d_scale, d_shift, nullptr));
  });
  const double bytes = 2.0 * static_cast<double>(count) * (1 + 3 + 3 + 4);
  const double rate = bytes / time * 1e3;
  std::printf(
      "{\"name\":\"batchnorm-%lldx%lld\",\"milliseconds\":%.4g,\"gigabytesPerSecond\":%.4g,\"ofCopy\":%.3g}"
      "\n",
      static_cast<long long>(rows), static_cast<long long>(channels), time, rate * 1e-9, rate / copy);
  for (Bf16* memory : {x, y, dy, dx}) must(cudaFree(memory));
}

void views(int size, int image, int64_t rows) {
  std::vector<uint8_t> bytes(static_cast<size_t>(image) * image * 3 * 64);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 2654435761u >> 24);
  std::vector<StoredImage> images;
  for (int64_t i = 0; i < 64; ++i) images.push_back({i * image * image * 3, image, image, 3});
  std::vector<uint32_t> indices(rows), epochs(rows);
  for (int64_t i = 0; i < rows; ++i) indices[i] = static_cast<uint32_t>(i % 64);
  Plan plan;
  plan.size = size;
  plan.crop = CropPlan{};
  plan.flip = 0.5f;
  plan.jitter =
      JitterPlan{.probability = 0.8f, .brightness = 0.8f, .contrast = 0.8f, .saturation = 0.8f, .hue = 0.2f};
  plan.gray = 0.2f;
  if (size > 32) plan.blur = BlurPlan{0.5f, {0.1f, 2.0f}, size / 10 / 2 * 2 + 1, Padding::kZero};
  const ViewSource source{device(bytes), device(images), device(indices), device(epochs), 1, rows, 2};
  const ViewWorkspace workspace(plan, image);
  float* memory = nullptr;
  if (workspace.bytes() > kMostSharedBytes)
    memory = device(std::vector<float>(view_blocks(source, workspace) * workspace.floats));
  Bf16* const out = device(std::vector<Bf16>(2 * rows * size * size * 3));
  const double time = milliseconds([&] { must(make_views(source, plan, workspace, memory, out, nullptr)); });
  std::printf("{\"name\":\"views-%d\",\"milliseconds\":%.4g,\"viewsPerSecond\":%.4g}\n", size, time,
              2.0 * static_cast<double>(rows) / time * 1e3);
  must(cudaFree(out));
}

}  // namespace

int main() {
  const double copy = copy_rate();
  for (const int64_t rows : {1024, 8192, 65536}) contrast(rows);
  lars(copy);
  batch_norm(512 * 112 * 112, 64, copy);
  batch_norm(512 * 14 * 14, 1024, copy);
  batch_norm(2048 * 32 * 32, 64, copy);
  views(32, 32, 8192);
  views(224, 256, 256);
}
