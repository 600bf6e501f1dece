// Adam's kernels on the host executor against torch.optim's and tf.keras's formulas, weight by weight in
// double.
#include "cuda/optim/adam_kernels.h"
#include "cuda/optim/update_rows.h"
#include "testing.h"

using namespace simclr;
using namespace simclr::cuda;

namespace {

struct Variable {
  std::vector<float> weight, first, second, gradient;
  bool excluded;
  double lr_scale;
};

/// One weight's step `count`, as the papers and libraries write it.
void expected_step(double& weight, double& first, double& second, double gradient, double decay, double lr,
                   double count, const AdamOptions& o) {
  const double g = gradient + (o.decoupled ? 0 : decay * weight);
  if (o.decoupled) weight -= lr * decay * weight;
  first = o.beta1 * first + (1 - o.beta1) * g;
  second = o.beta2 * second + (1 - o.beta2) * g * g;
  const double correction1 = 1 - std::pow(o.beta1, count), correction2 = 1 - std::pow(o.beta2, count);
  if (o.epsilon_last) {
    weight -= lr * (first / correction1) / (std::sqrt(second / correction2) + o.epsilon);
  } else {
    weight -= lr * std::sqrt(correction2) / correction1 * first / (std::sqrt(second) + o.epsilon);
  }
}

void steps(const AdamOptions& options, double done) {
  // One weight, sizes around a warp, a block and a chunk, two chunks and a bit.
  const int64_t sizes[] = {1, 31, 256, 257, kUpdateChunk - 1, kUpdateChunk, 2 * kUpdateChunk + 5};
  std::vector<Variable> variables;
  for (const int64_t size : sizes) {
    for (const bool excluded : {false, true}) {
      const auto seed = static_cast<uint32_t>(variables.size());
      const std::vector<float> zeros(size);
      variables.push_back(
          {testing::numbers(size, seed), zeros, zeros, {}, excluded, seed % 3 == 0 ? 0.25 : 1});
    }
  }
  double count = done;
  for (int step = 0; step < 3; ++step) {
    for (size_t t = 0; t < variables.size(); ++t)
      variables[t].gradient = testing::numbers(variables[t].weight.size(), 1000 * (step + 1) + t);
    UpdateRows rows;
    for (Variable& v : variables) {
      rows.add({.weight = v.weight.data(),
                .momentum = v.first.data(),
                .gradient = v.gradient.data(),
                .count = static_cast<int64_t>(v.weight.size()),
                .excluded = v.excluded,
                .second_moment = v.second.data(),
                .lr_scale = v.lr_scale});
    }
    const float lr = 0.1f * static_cast<float>(step + 1);
    const std::vector<Variable> before = variables;
    AdamStep shared{NAN, NAN, NAN};
    const int64_t launches = host::launches;
    EXPECT(adam_update_step({rows.tensors.data(), rows.chunks.data(), nullptr, rows.chunk_count()}, options,
                            {&lr, &count, &shared}, nullptr) == cudaSuccess);
    EXPECT(host::launches - launches == 2);
    EXPECT(count == done + step + 1);
    for (size_t t = 0; t < variables.size(); ++t) {
      for (size_t i = 0; i < variables[t].weight.size(); ++i) {
        double weight = before[t].weight[i], first = before[t].first[i], second = before[t].second[i];
        expected_step(weight, first, second, variables[t].gradient[i],
                      variables[t].excluded ? 0 : options.weight_decay, lr * variables[t].lr_scale, count,
                      options);
        EXPECT_NEAR(variables[t].weight[i], weight, 1e-6);
        EXPECT_NEAR(variables[t].first[i], first, 1e-6);
        EXPECT_NEAR(variables[t].second[i], second, 1e-6);
      }
    }
  }
}

}  // namespace

int main() {
  for (const bool decoupled : {false, true}) {
    for (const bool epsilon_last : {false, true}) {
      // So large an epsilon shows where it joins; the count goes on from what is on the device.
      steps({0.9, 0.99, 1e-2, 0.1, decoupled, epsilon_last}, 0);
      steps({0.8, 0.999, 1e-8, 0, decoupled, epsilon_last}, 41);
    }
  }
  double count = 7;
  EXPECT(adam_update_step({nullptr, nullptr, nullptr, 0}, {}, {nullptr, &count, nullptr}, nullptr) ==
         cudaSuccess);
  EXPECT(count == 7);
  std::printf("ok\n");
}
