// What people are told about drivers and GPUs.
#include "cuda/device/driver.h"

#include "testing.h"

using namespace simclr::cuda;

namespace {

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

int main() {
  DriverFacts facts{"", 13000, 13000, nullptr, {{"NVIDIA H100", 9, 0}}};
  EXPECT(explain(facts).empty());

  facts.driver = 12080;
  EXPECT(has(explain(facts), "driver is too old: it supports CUDA 12.8, and this binary needs CUDA 13.0"));
  facts.driver = 13020;  // newer
  EXPECT(explain(facts).empty());
  facts.built = 13030;  // an older minor version of the same major one is compatible
  EXPECT(explain(facts).empty());

  facts.driver = 0;
  EXPECT(has(explain(facts), "No NVIDIA driver is loaded"));

  facts.driver = 13000;
  facts.gpus.clear();
  facts.failure = "no CUDA-capable device is detected";
  EXPECT(has(explain(facts), "shows no GPU to this process (no CUDA-capable device is detected)"));
  facts.visible = "7";
  EXPECT(has(explain(facts), "CUDA_VISIBLE_DEVICES is '7'. Unset it"));

  facts.failure.clear();
  facts.gpus = {{"NVIDIA H100", 9, 0}, {"Tesla T4", 7, 5}};
  EXPECT(
      has(explain(facts), "kernels for compute capability 8.0 and newer: Tesla T4 (compute capability 7.5)"));
  EXPECT(!has(explain(facts), "H100"));
  EXPECT(has(explain(facts), "No build has any for older ones than 8.0: use a newer GPU"));
  EXPECT(!has(explain(facts), "CMAKE_CUDA_ARCHITECTURES"));

  facts.oldest = 90;  // a build for the newest alone
  facts.gpus = {{"NVIDIA H100", 9, 0}, {"NVIDIA A100", 8, 0}};
  EXPECT(has(explain(facts),
             "kernels for compute capability 9.0 and newer: NVIDIA A100 (compute capability 8.0)"));
  EXPECT(has(explain(facts), "Build for it, with CMAKE_CUDA_ARCHITECTURES"));
  EXPECT(!new_enough({"", 8, 9}, 90) && new_enough({"", 9, 0}, 90));
  EXPECT(new_enough({"", 8, 0}) && new_enough({"", 12, 0}) && !new_enough({"", 7, 5}));
  std::printf("ok\n");
}
