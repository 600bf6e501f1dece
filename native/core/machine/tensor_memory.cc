#include "core/machine/tensor_memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "core/machine/kept_pages.h"

namespace simclr {
namespace {

constexpr size_t kSmallest = size_t{256} << 10;  // smaller blocks are malloc's business
constexpr size_t kSlack = size_t{8} << 20;

class BlockAllocator final : public c10::Allocator {
 public:
  explicit BlockAllocator(c10::Allocator& small) : small_(small) {}

  c10::DataPtr allocate(size_t bytes) override {
    char* block = bytes < kSmallest ? nullptr : take((bytes + kPage - 1) / kPage * kPage);
    // Nobody keeps memory, or there is none: LibTorch's own allocator serves, or says so.
    if (block == nullptr) return small_.allocate(bytes);
    return {block, block, &release, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }

  void copy_data(void* to, const void* from, size_t count) const override { std::memcpy(to, from, count); }

  void enter() {
    const std::lock_guard lock(mutex_);
    ++users_;
  }

  void leave() {
    const std::lock_guard lock(mutex_);
    if (--users_ > 0) return;
    kept_.shrink_to(0);
    most_ = used_;
  }

 private:
  /// Of everything that `allocate` gave, small blocks too.
  static void release(void* base);

  char* take(size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (users_ == 0) return nullptr;
    char* block = kept_.take(bytes);
    if (block == nullptr) {
      // In all no more than was once in use together, and the slack.
      kept_.shrink_to(std::max(most_, used_ + bytes) + kSlack - used_ - bytes);
      block = map_pages(bytes);
      if (block == nullptr) {
        kept_.shrink_to(0);
        block = map_pages(bytes);
      }
      if (block == nullptr) return nullptr;
    }
    try {
      lent_.emplace(block, bytes);
    } catch (...) {
      kept_.put(block, bytes);
      throw;
    }
    used_ += bytes;
    most_ = std::max(most_, used_);
    return block;
  }

  /// False if it is not one of our blocks.
  bool give(void* base) {
    const std::lock_guard lock(mutex_);
    const auto lent = lent_.find(base);
    if (lent == lent_.end()) return false;
    const size_t bytes = lent->second;
    lent_.erase(lent);
    used_ -= bytes;
    kept_.put(static_cast<char*>(base), bytes);
    if (users_ == 0) kept_.shrink_to(0);
    return true;
  }

  c10::Allocator& small_;
  std::mutex mutex_;
  int users_ = 0;
  std::unordered_map<void*, size_t> lent_;  // bytes of what tensors have, by address
  KeptPages kept_;
  size_t used_ = 0;  // bytes of blocks that tensors have
  size_t most_ = 0;  // the most that was
};

/// The one of this process, put in LibTorch's place for CPU memory; null where that is not wanted.
BlockAllocator* allocator() {
  static BlockAllocator* const instance = []() -> BlockAllocator* {
#ifdef __SANITIZE_ADDRESS__
    return nullptr;
#else
    const char* choice = std::getenv("SIMCLR_TENSOR_MEMORY");
    if (choice != nullptr && std::strcmp(choice, "malloc") == 0) return nullptr;
    // Never deleted: tensors may be freed as late as the process ends.
    auto* made = new BlockAllocator(*c10::GetCPUAllocator());
    c10::SetCPUAllocator(made, /*priority=*/1);
    return made;
#endif
  }();
  return instance;
}

void BlockAllocator::release(void* base) {
  BlockAllocator& self = *allocator();
  if (!self.give(base)) self.small_.raw_deallocate(base);
}

}  // namespace

KeptTensorMemory::KeptTensorMemory() {
  if (BlockAllocator* blocks = allocator()) blocks->enter();
}

KeptTensorMemory::~KeptTensorMemory() {
  if (BlockAllocator* blocks = allocator()) blocks->leave();
}

}  // namespace simclr
