// A step of every optimizer on the CPU asks for no memory.
#include <ATen/Parallel.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "core/optim/optimizer.h"
#include "testing.h"

namespace {

std::atomic<bool> watched{false};
std::atomic<int> asked{0};

}  // namespace

void* operator new(size_t bytes) {
  if (watched) ++asked;
  if (void* memory = std::malloc(bytes > 0 ? bytes : 1)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace {

using simclr::OptimizedTensor;
using simclr::OptimizerSpec;

/// More groups than threads, one of several chunks.
std::vector<OptimizedTensor> tensors() {
  std::vector<OptimizedTensor> out;
  for (const int64_t count : {300'000, 7, 300'000, 64, 1000}) {
    OptimizedTensor tensor;
    tensor.name = "tensor" + std::to_string(out.size());
    tensor.weight = at::ones({count});
    tensor.gradient = at::full({count}, 0.5);
    out.push_back(tensor);
  }
  return out;
}

int asked_by_a_step(const OptimizerSpec& spec) {
  const auto optimizer = simclr::make_optimizer(spec, tensors());
  const simclr::Team team = simclr::torch_threads();
  const auto step = [&] {
    optimizer->set_lr(0.1);
    optimizer->step(team, [](size_t) {});
  };
  step();  // starts threads
  const float before = optimizer->tensors()[0].weight.data_ptr<float>()[0];
  asked = 0;
  watched = true;
  step();
  watched = false;
  EXPECT(optimizer->tensors()[0].weight.data_ptr<float>()[0] != before);
  return asked;
}

}  // namespace

int main() {
  watched = true;
  delete new std::vector<int>(3);
  watched = false;
  EXPECT(asked > 0);  // those that are asked are counted
  for (const auto name : {OptimizerSpec::Name::lars, OptimizerSpec::Name::sgd, OptimizerSpec::Name::adam,
                          OptimizerSpec::Name::adamw}) {
    for (const simclr::Convention convention : {simclr::Convention::kPaper, simclr::Convention::kTorch}) {
      for (const bool classic : {true, false}) {
        OptimizerSpec spec;
        spec.name = name;
        spec.convention = convention;
        spec.classic_momentum = classic;
        spec.weight_decay = 1e-4;
        EXPECT_NEAR(asked_by_a_step(spec), 0, 0);
      }
    }
  }
  std::printf("ok\n");
}
