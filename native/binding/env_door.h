// The way from other threads to an environment, which a terminated worker shuts while they compute.
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>

namespace simclr::binding {

/// Node frees an environment's thread-safe functions when it closes, whoever holds them: using one then is
/// using freed memory. It runs all cleanup hooks before: with one of them the door is shut.
class EnvDoor {
 public:
  /// A door that `env` shuts when it closes. Once an environment: Instance keeps it.
  static std::shared_ptr<EnvDoor> open(Napi::Env env) {
    auto door = std::make_shared<EnvDoor>();
    env.AddCleanupHook(
        [](std::shared_ptr<EnvDoor>* held) {
          (*held)->shut();
          delete held;
        },
        new std::shared_ptr<EnvDoor>(door));
    return door;
  }

  /// Runs `call`, during which the environment stays; does not if it is closing.
  template <class Call>
  void pass(const Call& call) {
    std::lock_guard lock(mutex_);
    if (open_) call();
  }

  /// Whether anybody is still there.
  bool is_open() {
    std::lock_guard lock(mutex_);
    return open_;
  }

 private:
  void shut() {
    std::lock_guard lock(mutex_);
    open_ = false;
  }

  std::mutex mutex_;
  bool open_ = true;
};

}  // namespace simclr::binding
