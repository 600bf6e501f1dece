#include "core/dist/host_gradients.h"

#include <c10/core/GradMode.h>

#include <algorithm>

#include "core/dist/value_sums.h"

namespace simclr {
namespace {

int64_t aligned(int64_t bytes) {
  return (bytes + kGradientAlignment - 1) / kGradientAlignment * kGradientAlignment;
}

}  // namespace

std::unique_ptr<HostGradients> HostGradients::make(ProcessGroup& processes,
                                                   const std::vector<at::Tensor>& gradients,
                                                   ShardLeaves& leaves, const BucketOptions& options) {
  if (!processes.shares_memory()) return nullptr;
  std::unique_ptr<HostGradients> made(new HostGradients(processes, gradients, leaves));
  // What is one tensor on every rank goes as it is; sums of several would lose digits in its type.
  const bool sums_own = leaves.size() > 1 || options.passes;
  const at::Tensor all = processes.all_gather(at::tensor(static_cast<int64_t>(sums_own)));
  const bool single = all.max().item<int64_t>() == 0;
  int64_t sums = 0;
  for (size_t i = 0; i < gradients.size(); ++i) {
    const auto type = options.compress && !options.passes ? at::kBFloat16
                      : single                            ? leaves[0][i].scalar_type()
                                                          : gradients[i].scalar_type();
    made->slots_.push_back({made->stride_, type});
    made->stride_ += aligned(gradients[i].numel() * static_cast<int64_t>(c10::elementSize(type)));
    made->values_ += gradients[i].numel();
    sums += aligned(static_cast<int64_t>(gradients[i].nbytes()));
  }
  made->memory_ = processes.share_memory(processes.size() * made->stride_ + sums);
  if (!made->memory_.defined()) return nullptr;

  const at::NoGradGuard no_grad;
  const auto part = [&](const at::Tensor& like, at::ScalarType type, int64_t offset) {
    const int64_t bytes = like.numel() * static_cast<int64_t>(c10::elementSize(type));
    return made->memory_.narrow(0, offset, bytes).view(type).as_strided(like.sizes(), like.strides());
  };
  int64_t offset = processes.size() * made->stride_;
  for (size_t i = 0; i < gradients.size(); ++i) {
    const at::Tensor& like = gradients[i];
    const Slot& slot = made->slots_[i];
    made->own_.push_back(part(like, slot.type, processes.rank() * made->stride_ + slot.offset));
    const auto bytes = static_cast<int64_t>(like.nbytes());
    made->gradients_[i].set_(part(like, like.scalar_type(), offset));
    offset += aligned(bytes);
  }
  on_gradient(leaves, [own = made.get()](size_t parameter) {
    if (own->begun_ && --own->missing_[parameter] == 0) own->put(parameter);
  });
  return made;
}

HostGradients::HostGradients(ProcessGroup& processes, const std::vector<at::Tensor>& gradients,
                             ShardLeaves& leaves)
    : processes_(processes), leaves_(leaves), gradients_(gradients), missing_(gradients.size()) {}

void HostGradients::begin(bool add) {
  begun_ = true;
  add_ = add;
  for (auto& missing : missing_) missing = static_cast<int64_t>(leaves_.size());
}

void HostGradients::put(size_t parameter) {
  const at::NoGradGuard no_grad;
  at::Tensor& own = own_[parameter];
  if (leaves_.size() == 1 || own.scalar_type() == gradients_[parameter].scalar_type())
    return take_gradient(leaves_, parameter, own, add_);
  at::Tensor sum = at::empty_like(gradients_[parameter]);
  take_gradient(leaves_, parameter, sum);
  own.copy_(sum);
}

void HostGradients::finish() {
  for (size_t i = 0; i < missing_.size(); ++i) {
    if (missing_[i] > 0) put(i);
  }
  begun_ = false;
  processes_.meet("adding up gradients", stride_);
  for_own_part([this](size_t parameter, int64_t begin, int64_t end) { add_up(parameter, begin, end); });
  processes_.meet("adding up gradients");
}

void HostGradients::add_up(size_t parameter, int64_t begin, int64_t end) {
  const Slot& slot = slots_[parameter];
  const auto* from = reinterpret_cast<const std::byte*>(memory_.const_data_ptr()) + slot.offset +
                     begin * static_cast<int64_t>(c10::elementSize(slot.type));
  const auto add = [&]<class From, class To>(From*, To* sum) {
    std::vector<const From*> parts;
    for (int rank = 0; rank < processes_.size(); ++rank)
      parts.push_back(reinterpret_cast<const From*>(from + rank * stride_));
    sum_values(parts, end - begin, /*add=*/false, sum + begin);
  };
  const auto add_to = [&]<class To>(To* sum) {
    if (slot.type == at::kBFloat16) return add(static_cast<at::BFloat16*>(nullptr), sum);
    if (slot.type == at::kHalf) return add(static_cast<at::Half*>(nullptr), sum);
    add(static_cast<To*>(nullptr), sum);
  };
  const at::Tensor& sum = gradients_[parameter];
  if (sum.scalar_type() == at::kDouble) return add_to(sum.mutable_data_ptr<double>());
  add_to(sum.mutable_data_ptr<float>());
}

void HostGradients::scale(double factor) {
  processes_.meet("scaling gradients");  // all have read them
  for_own_part([&](size_t parameter, int64_t begin, int64_t end) {
    gradients_[parameter]
        .as_strided({end - begin}, {1}, gradients_[parameter].storage_offset() + begin)
        .mul_(factor);
  });
  processes_.meet("scaling gradients");
}

void HostGradients::for_own_part(const std::function<void(size_t, int64_t, int64_t)>& work) const {
  const int64_t first = values_ * processes_.rank() / processes_.size();
  const int64_t last = values_ * (processes_.rank() + 1) / processes_.size();
  int64_t before = 0;
  for (size_t i = 0; i < gradients_.size(); ++i) {
    const int64_t count = gradients_[i].numel();
    const int64_t begin = std::clamp<int64_t>(first - before, 0, count);
    const int64_t end = std::clamp<int64_t>(last - before, 0, count);
    if (begin < end) work(i, begin, end);
    before += count;
  }
}

}  // namespace simclr
