#include "binding/group.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/promise_task.h"
#include "binding/registry.h"

namespace simclr::binding {
namespace {

constexpr napi_type_tag kGroupTag = {0x2f1c6a90d4e84b77, 0x9be07d5a31c84f02};

RankSpec to_rank_spec(const Napi::Object& object) {
  RankSpec spec;
  spec.size = integer<int>(object, "size", 1);
  spec.rank = integer<int>(object, "rank", 0, spec.size - 1);
  spec.local_size = integer<int>(object, "localSize", 1);
  spec.host = string(object, "host");
  spec.port = integer<uint16_t>(object, "port");
  spec.serves_store = boolean(object, "servesStore");
  if (object.Get("storeSocket").IsNumber()) spec.store_socket = integer<int>(object, "storeSocket");
  spec.store_outlives = boolean(object, "storeOutlives");
  spec.generation = string(object, "generation");
  constexpr double kForever = 1e9;  // seconds; clocks count nanoseconds in 64 bits
  const double seconds = std::clamp(number(object, "timeoutSeconds"), 0.0, kForever);
  spec.timeout = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  return spec;
}

std::string text(const Napi::CallbackInfo& info, const char* name) {
  if (!info[0].IsString()) fail(info.Env(), "a string", name, info[0]);
  return info[0].As<Napi::String>();
}

Napi::Value texts_to_js(Napi::Env env, const std::vector<std::string>& texts) {
  Napi::Array out = Napi::Array::New(env, texts.size());
  for (uint32_t i = 0; i < texts.size(); ++i) out.Set(i, texts[i]);
  return out;
}

Napi::Value nothing(Napi::Env env, bool) { return env.Undefined(); }

}  // namespace

void GroupObject::Register(Napi::Env env, Napi::Object exports) {
  exports.Set("Group", DefineClass(env, "Group",
                                   {
                                       InstanceAccessor<&GroupObject::Rank>("rank"),
                                       InstanceAccessor<&GroupObject::Size>("size"),
                                       InstanceAccessor<&GroupObject::TrafficSoFar>("traffic"),
                                       InstanceMethod<&GroupObject::Join>("join"),
                                       InstanceMethod<&GroupObject::Connect>("connect"),
                                       InstanceMethod<&GroupObject::Exchange>("exchange"),
                                       InstanceMethod<&GroupObject::Announce>("announce"),
                                       InstanceMethod<&GroupObject::SetActivity>("setActivity"),
                                       InstanceMethod<&GroupObject::SetAtWork>("setAtWork"),
                                       InstanceMethod<&GroupObject::AskToStop>("askToStop"),
                                       InstanceMethod<&GroupObject::OutlastFirst>("outlastFirst"),
                                       InstanceMethod<&GroupObject::Close>("close"),
                                   }));
}

GroupObject::GroupObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<GroupObject>(info) {
  if (!info[0].IsObject()) fail(info.Env(), "an object", "spec", info[0]);
  group_ = std::make_shared<ProcessGroup>(to_rank_spec(info[0].As<Napi::Object>()));
  thread_ = start_thread(info.Env());
  info.This().As<Napi::Object>().TypeTag(&kGroupTag);
}

std::shared_ptr<ProcessGroup> GroupObject::From(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kGroupTag)) {
    fail(value.Env(), "a Group", "group", value);
  }
  return Napi::ObjectWrap<GroupObject>::Unwrap(value.As<Napi::Object>())->group_;
}

template <class Work, class Finish>
Napi::Value GroupObject::task(const Napi::CallbackInfo& info, Work work, Finish finish) {
  return promise_task(
      info.Env(), *thread_, Value(),
      [group = group_, work = std::move(work)]() mutable { return work(*group); }, std::move(finish));
}

Napi::Value GroupObject::Rank(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), group_->rank());
}

Napi::Value GroupObject::Size(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), group_->size());
}

Napi::Value GroupObject::TrafficSoFar(const Napi::CallbackInfo& info) {
  const Traffic traffic = group_->traffic();
  Napi::Object out = Napi::Object::New(info.Env());
  out.Set("collectives", static_cast<double>(traffic.collectives));
  out.Set("bytes", static_cast<double>(traffic.bytes));
  return out;
}

Napi::Value GroupObject::Join(const Napi::CallbackInfo& info) {
  return task(
      info, [hello = text(info, "hello")](ProcessGroup& group) { return group.join(hello); }, texts_to_js);
}

Napi::Value GroupObject::Connect(const Napi::CallbackInfo& info) {
  return task(
      info, [](ProcessGroup& group) { return group.connect(), true; }, nothing);
}

Napi::Value GroupObject::Exchange(const Napi::CallbackInfo& info) {
  return task(
      info, [own = text(info, "text")](ProcessGroup& group) { return group.exchange(own); }, texts_to_js);
}

Napi::Value GroupObject::Announce(const Napi::CallbackInfo& info) {
  return task(
      info,
      [message = text(info, "message"), is_stop = info[1].ToBoolean().Value()](ProcessGroup& group) {
        return group.announce(message, is_stop), true;
      },
      nothing);
}

Napi::Value GroupObject::SetActivity(const Napi::CallbackInfo& info) {
  group_->set_activity(text(info, "activity"));
  return info.Env().Undefined();
}

Napi::Value GroupObject::SetAtWork(const Napi::CallbackInfo& info) {
  group_->set_at_work(info[0].ToBoolean());
  return info.Env().Undefined();
}

Napi::Value GroupObject::AskToStop(const Napi::CallbackInfo& info) {
  group_->ask_to_stop();
  return info.Env().Undefined();
}

Napi::Value GroupObject::OutlastFirst(const Napi::CallbackInfo& info) {
  return task(
      info, [](ProcessGroup& group) { return group.outlast_first(), true; }, nothing);
}

Napi::Value GroupObject::Close(const Napi::CallbackInfo& info) {
  return task(
      info, [](ProcessGroup& group) { return group.close(), true; }, nothing);
}

void register_group(Napi::Env env, Napi::Object exports) { GroupObject::Register(env, exports); }

}  // namespace simclr::binding
