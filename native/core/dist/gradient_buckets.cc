#include "core/dist/gradient_buckets.h"

#include <c10/core/GradMode.h>

namespace simclr {
namespace {

int64_t padded(const at::Tensor& tensor) {
  const int64_t values = kGradientAlignment / static_cast<int64_t>(tensor.element_size());
  return (tensor.numel() + values - 1) / values * values;
}

}  // namespace

GradientBuckets::GradientBuckets(ProcessGroup& processes, const std::vector<at::Tensor>& gradients,
                                 ShardLeaves& leaves, const BucketOptions& options)
    : processes_(processes),
      leaves_(leaves),
      compress_(options.compress),
      gradients_(gradients),
      bucket_of_(gradients.size()) {
  const at::NoGradGuard no_grad;
  // The backward pass makes gradients in about the reverse of the order in which layers were registered.
  int64_t bytes = options.bytes;
  for (size_t i = gradients_.size(); i-- > 0;) {
    if (bytes >= options.bytes) {
      buckets_.emplace_back();
      bytes = 0;
    }
    bucket_of_[i] = buckets_.size() - 1;
    buckets_.back().parameters.push_back(i);
    bytes += padded(gradients_[i]) * static_cast<int64_t>(gradients_[i].element_size());
  }
  for (Bucket& bucket : buckets_) {
    int64_t values = 0;
    for (const size_t i : bucket.parameters) values += padded(gradients_[i]);
    bucket.flat = at::zeros({values}, gradients_[bucket.parameters[0]].options());
    int64_t offset = 0;
    for (const size_t i : bucket.parameters) {
      const at::Tensor part = bucket.flat.as_strided(gradients_[i].sizes(), gradients_[i].strides(), offset);
      offset += padded(part);
      gradients_[i].set_(part);
    }
  }
  on_gradient(leaves_, [this](size_t parameter) { ready(parameter); });
}

void GradientBuckets::begin(bool add) {
  begun_ = true;
  add_ = add;
  for (Bucket& bucket : buckets_) {
    bucket.missing = static_cast<int64_t>(bucket.parameters.size() * leaves_.size());
    bucket.pending = {};
  }
  next_ = 0;
  sending_ = false;  // a pass that failed may have left it
}

void GradientBuckets::ready(size_t parameter) {
  if (!begun_) return;
  std::unique_lock lock(mutex_);
  --buckets_[bucket_of_[parameter]].missing;
  send_complete(lock);
}

void GradientBuckets::send_complete(std::unique_lock<std::mutex>& lock) {
  if (sending_) return;  // whoever sends looks again afterwards
  sending_ = true;
  while (next_ < buckets_.size() && buckets_[next_].missing == 0) {
    Bucket& bucket = buckets_[next_];
    lock.unlock();
    send(bucket);
    lock.lock();
    ++next_;
  }
  sending_ = false;
}

void GradientBuckets::send(Bucket& bucket) {
  for (const size_t i : bucket.parameters) take_gradient(leaves_, i, gradients_[i], add_);
  const at::NoGradGuard no_grad;
  bucket.sent = compress_ ? bucket.flat.to(at::kBFloat16) : bucket.flat;
  bucket.pending = processes_.reduce_async(bucket.sent);
}

void GradientBuckets::finish() {
  for (; next_ < buckets_.size(); ++next_) send(buckets_[next_]);
  for (Bucket& bucket : buckets_) {
    processes_.wait(bucket.pending, "adding up gradients");
    if (compress_) bucket.flat.copy_(bucket.sent);
  }
  begun_ = false;
}

void GradientBuckets::scale(double factor) {
  const at::NoGradGuard no_grad;
  for (Bucket& bucket : buckets_) bucket.flat.mul_(factor);
}

}  // namespace simclr
