#include "core/machine/limits.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <memory>

#include "core/dist/shard_pool.h"

namespace simclr {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kSide = 1024;           // a product large enough for full speed, small enough for the cache
constexpr size_t kCopyBytes = 128 << 20;  // more than any cache
constexpr double kSeconds = 0.15;         // of each measurement
constexpr int kRounds = 3;

/// The best of some rounds: units of `work` a second, all shards together.
template <class Prepare>
double best_rate(ShardPool& pool, double units, Prepare prepare) {
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> rates(pool.size());
    pool.run([&](int shard, Group& group) {
      const at::NoGradGuard no_grad;
      auto work = prepare();
      work();
      group.all_reduce_sum(at::zeros({1}));  // begin together
      const auto start = Clock::now();
      double seconds = 0;
      int times = 0;
      do {
        work();
        ++times;
        seconds = std::chrono::duration<double>(Clock::now() - start).count();
      } while (seconds < kSeconds);
      rates[shard] = units * times / seconds;
    });
    double sum = 0;
    for (const double rate : rates) sum += rate;
    best = std::max(best, sum);
  }
  return best;
}

double gemm(ShardPool& pool, at::ScalarType type) {
  return best_rate(pool, 2.0 * kSide * kSide * kSide, [type] {
    const at::Tensor a = at::ones({kSide, kSide}, type), b = at::ones({kSide, kSide}, type);
    return [a, b, out = at::empty({kSide, kSide}, type)]() mutable { at::mm_out(out, a, b); };
  });
}

double copy(ShardPool& pool) {
  return best_rate(pool, 2.0 * kCopyBytes, [] {
    const at::Tensor from = at::ones({static_cast<int64_t>(kCopyBytes)}, at::kByte);
    const at::Tensor to = at::zeros_like(from);
    return [from, to] { std::memcpy(to.mutable_data_ptr(), from.const_data_ptr(), kCopyBytes); };
  });
}

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double measure_bf16_speed() {
  constexpr int64_t kSmallSide = 384;
  constexpr int kTurns = 5;
  // Of a thread that LibTorch gives no helpers.
  ShardPool pool(1, 1);
  double fp32 = 0, bf16 = 0;
  pool.run([&](int, Group&) {
    const at::NoGradGuard no_grad;
    const auto seconds = [](at::ScalarType type) {
      const at::Tensor a = at::ones({kSmallSide, kSmallSide}, type);
      const double start = thread_seconds();
      at::mm(a, a);
      return thread_seconds() - start;
    };
    seconds(at::kFloat), seconds(at::kBFloat16);  // the first of each makes its kernel
    fp32 = seconds(at::kFloat), bf16 = seconds(at::kBFloat16);
    // Where bf16 is emulated, once tells enough.
    for (int turn = 1; turn < kTurns && bf16 < 8 * fp32; ++turn) {
      fp32 = std::min(fp32, seconds(at::kFloat));
      bf16 = std::min(bf16, seconds(at::kBFloat16));
    }
  });
  return fp32 / bf16;
}

}  // namespace

double bf16_speed() {
  static const double speed = measure_bf16_speed();
  return speed;
}

MachineLimits measure_limits(int threads) {
  ShardPool pool(std::max(1, threads), 1);
  return {gemm(pool, at::kFloat), gemm(pool, at::kBFloat16), copy(pool)};
}

}  // namespace simclr
