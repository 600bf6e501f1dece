// The one way the binding runs native work: on a TaskThread, with the result as a promise.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <utility>

#include "binding/errors.h"
#include "binding/instance.h"
#include "core/error.h"
#include "core/task_thread.h"
#include "core/work_gate.h"

namespace simclr::binding {

/// A thread for `promise_task`; where none can be started, an error of ours.
inline std::unique_ptr<TaskThread> start_thread(Napi::Env env) {
  return guarded(env, [] { return std::make_unique<TaskThread>(); });
}

/// Posts `work()` (no JavaScript allowed inside) to `thread`; when it has ended, `finish(env, result)` makes
/// the promise's value on the JavaScript thread. What `work` throws rejects the promise with {code, message}.
/// `keep` (the JavaScript object that owns what `work` uses) stays alive until then.
template <class Work, class Finish>
Napi::Promise promise_task(Napi::Env env, TaskThread& thread, Napi::Object keep, Work work, Finish finish) {
  using Result = decltype(work());
  struct Task {
    Napi::Promise::Deferred deferred;
    Napi::ObjectReference keep;
    Finish finish;
    std::optional<Result> result;
    std::exception_ptr error;
    Napi::ThreadSafeFunction done;
  };
  auto task = std::make_shared<Task>(Task{Napi::Promise::Deferred::New(env),
                                          Napi::Persistent(keep),
                                          std::move(finish),
                                          std::nullopt,
                                          nullptr,
                                          {}});
  task->done = Napi::ThreadSafeFunction::New(env, Napi::Function(), "simclr", 0, 1);
  const Napi::Promise promise = task->deferred.Promise();
  const bool posted = thread.post([task, door = instance(env).door, work = std::move(work)]() mutable {
    // Nobody is left to wait for what a terminated worker has queued, but Node for its end.
    const bool begun = door->is_open() && WorkGate::instance().run([&] {
      try {
        task->result.emplace(work());
      } catch (...) {
        task->error = std::current_exception();
      }
    });
    if (!begun)
      task->error = std::make_exception_ptr(Error("ERR_SIMCLR_DISPOSED", "The process is exiting."));
    // The task is handed over whole, so that its JavaScript references die on the JavaScript thread.
    auto* held = new std::shared_ptr<Task>(std::move(task));
    Napi::ThreadSafeFunction done = (*held)->done;
    bool handed_over = false;
    door->pass([&] {
      const napi_status status =
          done.NonBlockingCall(held, [](Napi::Env env, Napi::Function, std::shared_ptr<Task>* held) {
            const std::unique_ptr<std::shared_ptr<Task>> owner(held);
            Task& task = **owner;
            if (env == nullptr) return;  // the environment is closing
            const Napi::HandleScope scope(env);
            if (task.error) {
              task.deferred.Reject(to_js(env, describe(task.error)).Value());
              return;
            }
            try {
              task.deferred.Resolve(
                  guarded(env, [&] { return Napi::Value(task.finish(env, std::move(*task.result))); }));
            } catch (const Napi::Error& error) {
              task.deferred.Reject(error.Value());
            }
          });
      handed_over = status == napi_ok;
      if (handed_over) done.Release();  // a refused call was the last
    });
    // Else nobody takes it, and it stays: its references belong to an environment that is gone.
  });
  if (!posted) {
    task->done.Release();
    task->deferred.Reject(
        to_js(env, {"ERR_SIMCLR_DISPOSED", "This object has been disposed; create a new one."}).Value());
  }
  return promise;
}

}  // namespace simclr::binding
