// One optimizer's update of all its tensors at once, by kernels of their device.
#pragma once

namespace simclr {

class FusedUpdate {
 public:
  virtual ~FusedUpdate() = default;
  /// Queues the learning rate of the steps that follow: it lies on the device.
  virtual void set_lr(double lr) = 0;
  /// Queues the update; nothing is read back and nothing passed but addresses, so that it can be recorded.
  /// Where steps are counted, the count on the device moves with it.
  virtual void step() = 0;
};

}  // namespace simclr
