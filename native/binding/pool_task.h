// Short work on the threads that Node keeps for such (libuv's), with the result as a promise. Whoever calls
// it decides how many are under way.
#pragma once

#include <napi.h>

#include <exception>
#include <optional>
#include <utility>

#include "binding/errors.h"
#include "core/error.h"
#include "core/work_gate.h"

namespace simclr::binding {

/// As promise_task: `work()` (no JavaScript allowed inside), then `finish(env, result)` on the JavaScript
/// thread. What `work` throws rejects the promise.
template <class Work, class Finish>
Napi::Promise pool_task(Napi::Env env, Work work, Finish finish) {
  class Task : public Napi::AsyncWorker {
   public:
    Task(Napi::Env env, Work work, Finish finish)
        : Napi::AsyncWorker(env, "simclr"),
          deferred_(Napi::Promise::Deferred::New(env)),
          work_(std::move(work)),
          finish_(std::move(finish)) {}

    Napi::Promise promise() const { return deferred_.Promise(); }

   private:
    void Execute() override {
      const bool begun = WorkGate::instance().run([&] {
        try {
          result_.emplace(work_());
        } catch (...) {
          error_ = std::current_exception();
        }
      });
      if (!begun) error_ = std::make_exception_ptr(Error("ERR_SIMCLR_DISPOSED", "The process is exiting."));
    }

    void OnOK() override {
      if (error_) {
        deferred_.Reject(to_js(Env(), describe(error_)).Value());
        return;
      }
      try {
        deferred_.Resolve(guarded(Env(), [&] { return Napi::Value(finish_(Env(), std::move(*result_))); }));
      } catch (const Napi::Error& error) {
        deferred_.Reject(error.Value());
      }
    }

    Napi::Promise::Deferred deferred_;
    Work work_;
    Finish finish_;
    std::optional<decltype(work())> result_;
    std::exception_ptr error_;
  };
  auto* task = new Task(env, std::move(work), std::move(finish));  // deletes itself
  const Napi::Promise promise = task->promise();
  task->Queue();
  return promise;
}

}  // namespace simclr::binding
