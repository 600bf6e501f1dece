#include "core/machine/tensor_memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <unordered_map>

namespace simclr {
namespace {

constexpr size_t kSmallest = size_t{256} << 10;  // smaller blocks are malloc's business
constexpr size_t kStep = size_t{4} << 10;        // sizes are multiples of it
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kSlack = size_t{8} << 20;

/// A block of whole pages. `turn` is the place in the list of kept ones, oldest first.
struct Block {
  void* base;
  size_t bytes;
  std::list<Block*>::iterator turn;
};

Block* map_block(size_t bytes) {
  const bool huge = bytes >= 2 * kHugePage;
  const size_t mapped = huge ? bytes + kHugePage : bytes;
  void* base = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  if (huge) {
    // From one huge page's border to where the block ends; the rest is given back.
    const auto begin = reinterpret_cast<uintptr_t>(base);
    const uintptr_t border = (begin + kHugePage - 1) / kHugePage * kHugePage;
    if (border > begin) munmap(base, border - begin);
    if (begin + mapped > border + bytes)
      munmap(reinterpret_cast<void*>(border + bytes), begin + mapped - border - bytes);
    base = reinterpret_cast<void*>(border);
    madvise(base, bytes, MADV_HUGEPAGE);  // a wish: without it the pages are small
  }
  return new Block{base, bytes, {}};
}

void unmap_block(Block* block) {
  munmap(block->base, block->bytes);
  delete block;
}

class BlockAllocator final : public c10::Allocator {
 public:
  explicit BlockAllocator(c10::Allocator& small) : small_(small) {}

  c10::DataPtr allocate(size_t bytes) override {
    Block* block = bytes < kSmallest ? nullptr : take((bytes + kStep - 1) / kStep * kStep);
    // Nobody keeps memory, or there is none: LibTorch's own allocator serves, or says so.
    if (block == nullptr) return small_.allocate(bytes);
    return {block->base, block->base, &release, c10::Device(c10::DeviceType::CPU)};
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
    shrink_to(0);
    most_ = used_;
  }

 private:
  /// Of everything that `allocate` gave, small blocks too.
  static void release(void* base);

  Block* take(size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (users_ == 0) return nullptr;
    Block* block = nullptr;
    const auto found = kept_.lower_bound(bytes);
    if (found != kept_.end() && found->first <= bytes + bytes / 16) {
      block = found->second;
      forget(found);
    } else {
      // In all no more than was once in use together, and the slack.
      const size_t most = std::max(most_, used_ + bytes);
      const size_t room = most + kSlack - used_ - bytes;
      shrink_to(room);
      block = map_block(bytes);
      if (block == nullptr) {
        shrink_to(0);
        block = map_block(bytes);
      }
      if (block == nullptr) return nullptr;
    }
    used_ += block->bytes;
    most_ = std::max(most_, used_);
    lent_.emplace(block->base, block);
    return block;
  }

  /// False if it is not one of our blocks.
  bool give(void* base) {
    const std::lock_guard lock(mutex_);
    const auto lent = lent_.find(base);
    if (lent == lent_.end()) return false;
    Block* block = lent->second;
    lent_.erase(lent);
    used_ -= block->bytes;
    if (users_ == 0) {
      unmap_block(block);
      return true;
    }
    kept_.emplace(block->bytes, block);
    block->turn = turns_.insert(turns_.end(), block);
    kept_bytes_ += block->bytes;
    return true;
  }

  void forget(std::multimap<size_t, Block*>::iterator found) {
    turns_.erase(found->second->turn);
    kept_bytes_ -= found->first;
    kept_.erase(found);
  }

  /// Gives back the longest kept blocks until no more than so many bytes are.
  void shrink_to(size_t bytes) {
    while (kept_bytes_ > bytes) {
      Block* block = turns_.front();
      auto found = kept_.lower_bound(block->bytes);
      while (found->second != block) ++found;
      forget(found);
      unmap_block(block);
    }
  }

  c10::Allocator& small_;
  std::mutex mutex_;
  int users_ = 0;
  std::unordered_map<void*, Block*> lent_;  // what tensors have, by address
  std::multimap<size_t, Block*> kept_;      // by size
  std::list<Block*> turns_;                 // the same, longest kept first
  size_t kept_bytes_ = 0;
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
