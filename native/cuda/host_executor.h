// Runs CUDA kernels on the CPU, for tests: every block of the grid, every thread of the block as a fiber of
// its own, which runs until it meets a barrier. Indices, bounds, shared memory, barriers and warp exchanges
// are the kernel's own; wrong ones show as wrong results, under -fsanitize=address as bad accesses. The order
// of threads between barriers is shuffled, anew at every barrier of every block: a missing one shows as a
// result that depends on it. A barrier that not all threads reach ends the program.
//
// A launch that a GPU refuses (its geometry, dynamic shared memory that was not asked for) ends the program,
// too.
//
// What it cannot show: races within one stretch between barriers on the same warp's lockstep, limits of
// registers and of the shared memory that kernels declare, rounding of the GPU's own functions, and speed.
#pragma once

#ifndef SIMCLR_HOST_EXECUTOR
#error "host_executor.h is for tests: kernels include cuda/launch.h"
#endif

#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __shared__ static
#define __launch_bounds__(...)
#define __align__(n) alignas(n)

using cudaStream_t = void*;
using cudaError_t = int;
constexpr cudaError_t cudaSuccess = 0;
inline cudaError_t cudaGetLastError() { return cudaSuccess; }

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

inline dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace simclr::cuda::host {

constexpr int kWarp = 32;

/// One block's threads.
class Block {
 public:
  Block(int threads, const std::function<void(int)>& body, std::mt19937& order)
      : body_(body), order_(order), fibers_(threads), exchange_((threads + kWarp - 1) / kWarp) {
    for (int t = 0; t < threads; ++t) {
      Fiber& fiber = fibers_[t];
      fiber.stack.resize(kStack);
      getcontext(&fiber.context);
      fiber.context.uc_stack = {fiber.stack.data(), 0, kStack};
      fiber.context.uc_link = &scheduler_;
      makecontext(&fiber.context, reinterpret_cast<void (*)()>(&Block::enter), 0);
    }
  }

  void run() {
    current_block = this;
    std::vector<int> turn(fibers_.size());
    for (size_t t = 0; t < turn.size(); ++t) turn[t] = static_cast<int>(t);
    for (size_t done = 0; done < fibers_.size();) {
      std::shuffle(turn.begin(), turn.end(), order_);
      bool moved = false;
      for (const int t : turn) {
        if (fibers_[t].state != State::kReady) continue;
        moved = true;
        resume(t);
        if (fibers_[t].state == State::kDone) ++done;
      }
      moved |= release_warps();
      if (!moved && !release_block()) fail("a barrier that not all threads reach");
    }
    current_block = nullptr;
  }

  void wait_block() { wait(State::kAtBlock); }
  void wait_warp() { wait(State::kAtWarp); }

  int lane() const { return current_ % kWarp; }
  /// 64 bytes a lane for exchanges within the running warp.
  unsigned char* slot(int lane) { return exchange_[current_ / kWarp].bytes[lane]; }

  static inline Block* current_block = nullptr;

 private:
  enum class State { kReady, kAtWarp, kAtBlock, kDone };
  static constexpr size_t kStack = 64 << 10;
  struct Fiber {
    ucontext_t context;
    std::vector<char> stack;
    State state = State::kReady;
  };
  struct Exchange {
    unsigned char bytes[kWarp][64];
  };

  static void enter() {
    Block& block = *current_block;
    block.body_(block.current_);
    block.fibers_[block.current_].state = State::kDone;
  }

  void resume(int t) {
    current_ = t;
    const unsigned x = blockDim.x, y = blockDim.y;
    threadIdx = dim3(t % x, t / x % y, t / (x * y));
    swapcontext(&scheduler_, &fibers_[t].context);
  }

  void wait(State state) {
    const int t = current_;
    fibers_[t].state = state;
    swapcontext(&fibers_[t].context, &scheduler_);
  }

  /// Those of [begin, end) that wait at `at` become ready if all that have not ended are there.
  bool release(size_t begin, size_t end, State at) {
    const auto here = [&](const Fiber& f) { return f.state == at || f.state == State::kDone; };
    const auto first = fibers_.begin() + static_cast<int64_t>(begin);
    const auto last = fibers_.begin() + static_cast<int64_t>(end);
    if (!std::all_of(first, last, here)) return false;
    bool any = false;
    std::for_each(first, last, [&](Fiber& f) {
      if (f.state != at) return;
      f.state = State::kReady;
      any = true;
    });
    return any;
  }

  bool release_block() { return release(0, fibers_.size(), State::kAtBlock); }
  bool release_warps() {
    bool any = false;
    for (size_t w = 0; w < fibers_.size(); w += kWarp)
      any |= release(w, std::min(w + kWarp, fibers_.size()), State::kAtWarp);
    return any;
  }

  [[noreturn]] static void fail(const char* what) {
    std::fprintf(stderr, "host executor: %s\n", what);
    std::abort();
  }

  const std::function<void(int)>& body_;
  std::mt19937& order_;
  std::vector<Fiber> fibers_;
  std::vector<Exchange> exchange_;
  ucontext_t scheduler_;
  int current_ = 0;
};

inline std::mt19937 order{1};
inline std::vector<unsigned char> shared;
inline int64_t launches = 0;  ///< for tests that count them

/// Dynamic shared memory that anybody may have, beside 16 KiB that a kernel declares; what a block can have
/// at all on GPUs of compute capability 8.6, 8.9 and 12.0; and what kernels were allowed.
constexpr int kSharedForAll = 32 << 10, kMostShared = 99 << 10;
inline std::map<const void*, int> allowed_shared;

inline void launch(const void* name, dim3 grid, dim3 block, size_t shared_bytes,
                   const std::function<void()>& kernel) {
  const auto refuse = [](bool condition, const char* what) {
    if (!condition) return;
    std::fprintf(stderr, "host executor: no GPU launches %s\n", what);
    std::abort();
  };
  refuse(grid.x == 0 || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535 ||
             block.x * block.y * block.z > 1024,
         "this geometry");
  refuse(shared_bytes > kSharedForAll && allowed_shared[name] < static_cast<int64_t>(shared_bytes),
         "a kernel with more shared memory than it was allowed");
  ++launches;
  gridDim = grid;
  blockDim = block;
  const std::function<void(int)> body = [&](int) { kernel(); };
  for (unsigned z = 0; z < grid.z; ++z) {
    for (unsigned y = 0; y < grid.y; ++y) {
      for (unsigned x = 0; x < grid.x; ++x) {
        shared.assign(shared_bytes, 0xff);  // NaN: what is read before it is written shows
        const dim3 index(x, y, z);
        blockIdx = index;
        Block(static_cast<int>(block.x * block.y * block.z), body, order).run();
      }
    }
  }
}

/// `value` of lane `from` of the warp.
template <class T>
T exchange(T value, int from) {
  Block& block = *Block::current_block;
  static_assert(sizeof(T) <= 64);
  std::memcpy(block.slot(block.lane()), &value, sizeof(T));
  block.wait_warp();
  T out = value;
  if (from >= 0 && from < kWarp) std::memcpy(&out, block.slot(from), sizeof(T));
  block.wait_warp();
  return out;
}

}  // namespace simclr::cuda::host

inline void __syncthreads() { simclr::cuda::host::Block::current_block->wait_block(); }

template <class T>
T __shfl_down_sync(unsigned, T value, int by) {
  const int from = simclr::cuda::host::Block::current_block->lane() + by;
  return simclr::cuda::host::exchange(value, from < 32 ? from : -1);
}
template <class T>
T __shfl_xor_sync(unsigned, T value, int mask) {
  return simclr::cuda::host::exchange(value, simclr::cuda::host::Block::current_block->lane() ^ mask);
}

namespace simclr::cuda {

template <class T>
T* dynamic_shared() {
  return reinterpret_cast<T*>(host::shared.data());
}

template <class Kernel>
cudaError_t allow_shared(Kernel* kernel, int bytes) {
  if (bytes > host::kMostShared) return 1;  // cudaErrorInvalidValue
  host::allowed_shared[reinterpret_cast<const void*>(kernel)] = bytes;
  return cudaSuccess;
}

}  // namespace simclr::cuda

#define SIMCLR_LAUNCH(kernel, grid, block, shared, stream, ...)                            \
  ::simclr::cuda::host::launch(reinterpret_cast<const void*>(kernel), grid, block, shared, \
                               [&] { kernel(__VA_ARGS__); })
