// Group for JavaScript: this process's place among the ranks of a run.
#pragma once

#include <napi.h>

#include <memory>

#include "core/dist/process_group.h"
#include "core/task_thread.h"

namespace simclr::binding {

class GroupObject : public Napi::ObjectWrap<GroupObject> {
 public:
  static void Register(Napi::Env env, Napi::Object exports);

  explicit GroupObject(const Napi::CallbackInfo& info);

  /// The core's group inside `value`; throws ERR_SIMCLR_INVALID_ARGUMENT for anything else.
  static std::shared_ptr<ProcessGroup> From(const Napi::Value& value);

 private:
  Napi::Value Rank(const Napi::CallbackInfo& info);
  Napi::Value Size(const Napi::CallbackInfo& info);
  Napi::Value TrafficSoFar(const Napi::CallbackInfo& info);
  Napi::Value Join(const Napi::CallbackInfo& info);
  Napi::Value Connect(const Napi::CallbackInfo& info);
  Napi::Value Exchange(const Napi::CallbackInfo& info);
  Napi::Value Announce(const Napi::CallbackInfo& info);
  Napi::Value SetActivity(const Napi::CallbackInfo& info);
  Napi::Value SetAtWork(const Napi::CallbackInfo& info);
  Napi::Value AskToStop(const Napi::CallbackInfo& info);
  Napi::Value OutlastFirst(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  /// Queues `work(group)`, whose result becomes the promise's value through `finish`.
  template <class Work, class Finish>
  Napi::Value task(const Napi::CallbackInfo& info, Work work, Finish finish);

  std::shared_ptr<ProcessGroup> group_;
  std::unique_ptr<TaskThread> thread_;
};

}  // namespace simclr::binding
