#include "binding/image_store.h"

#include <ATen/Parallel.h>

#include <string>
#include <utility>
#include <vector>

#include "binding/convert.h"
#include "binding/decoded_image.h"
#include "binding/errors.h"
#include "binding/promise_task.h"
#include "binding/registry.h"
#include "core/data/scenes.h"
#include "core/error.h"

namespace simclr::binding {
namespace {

/// Marks our objects, so that another wrapped object is never taken for one.
constexpr napi_type_tag kTypeTag = {0x9e0f3c1b5a7d4e26, 0xb1c8d2740f6a93e5};

// Scenes that a thread draws at a time, at the least: about 10 ms of work at 32 px.
constexpr int64_t kScenesAtOnce = 64;

size_t count_argument(const Napi::CallbackInfo& info, const char* name) {
  return static_cast<size_t>(integer(info[0], name, 0, kMost<uint32_t>));
}

/// A view of a JavaScript {data, width, height, channels}; valid while the object is.
ImageView image_argument(Napi::Env env, const Napi::Value& value) {
  if (!value.IsObject()) fail(env, "a raw image {data, width, height, channels}", "image", value);
  const auto image = value.As<Napi::Object>();
  const Napi::Value data = image.Get("data");
  if (!data.IsTypedArray() || data.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    fail(env, "a Uint8Array", "image.data", data);
  }
  constexpr int64_t kMaxSide = 1 << 20;
  const int64_t width = integer(image.Get("width"), "image.width", 1, kMaxSide);
  const int64_t height = integer(image.Get("height"), "image.height", 1, kMaxSide);
  const int64_t channels = integer(image.Get("channels"), "image.channels", 1, 4);
  if (channels != 1 && channels != 3 && channels != 4) {
    fail(env, "1, 3 or 4", "image.channels", image.Get("channels"));
  }
  const auto bytes = data.As<Napi::Uint8Array>();
  if (bytes.ElementLength() != static_cast<size_t>(width * height * channels)) {
    fail(env,
         "width * height * channels = " + std::to_string(width) + " * " + std::to_string(height) + " * " +
             std::to_string(channels) + " bytes",
         "image.data", Napi::Number::New(env, static_cast<double>(bytes.ElementLength())));
  }
  return {bytes.Data(), static_cast<int>(width), static_cast<int>(height), static_cast<int>(channels),
          width * channels};
}

/// A typed array of the class, with `count` elements.
template <class Array>
Array array_of(const Napi::Object& object, const char* key, napi_typedarray_type type, size_t count) {
  const Napi::Value value = object.Get(key);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type ||
      value.As<Napi::TypedArray>().ElementLength() != count) {
    fail(object.Env(), "a typed array of " + std::to_string(count) + " elements", key, value);
  }
  return value.As<Array>();
}

}  // namespace

void ImageStoreObject::Register(Napi::Env env, Napi::Object exports) {
  exports.Set("ImageStore", DefineClass(env, "ImageStore",
                                        {
                                            InstanceAccessor<&ImageStoreObject::Count>("count"),
                                            InstanceAccessor<&ImageStoreObject::Bytes>("bytes"),
                                            InstanceMethod<&ImageStoreObject::Set>("set"),
                                            InstanceMethod<&ImageStoreObject::Get>("get"),
                                            InstanceMethod<&ImageStoreObject::Has>("has"),
                                            InstanceMethod<&ImageStoreObject::Delete>("delete"),
                                            InstanceMethod<&ImageStoreObject::Map>("map"),
                                            InstanceMethod<&ImageStoreObject::FillScenes>("fillScenes"),
                                            InstanceMethod<&ImageStoreObject::Dispose>("dispose"),
                                        }));
}

ImageStoreObject::ImageStoreObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<ImageStoreObject>(info) {
  const size_t count = count_argument(info, "count");
  const bool streamed = info[1].IsBoolean() && info[1].As<Napi::Boolean>();
  store_ = guarded(info.Env(), [&] { return std::make_shared<ImageStore>(count, streamed); });
  info.This().As<Napi::Object>().TypeTag(&kTypeTag);
}

ImageStoreObject::~ImageStoreObject() {
  stop_ = true;
  thread_.reset();
  store_.reset();
  report_memory(Env());
}

std::shared_ptr<ImageStore> ImageStoreObject::From(const Napi::Value& value) {
  const Napi::Env env = value.Env();
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTypeTag)) {
    fail(env, "an ImageStore", "store", value);
  }
  ImageStoreObject* object = Unwrap(value.As<Napi::Object>());
  object->store(env);  // throws where it has been disposed
  return object->store_;
}

ImageStore& ImageStoreObject::store(Napi::Env env) const {
  if (store_ == nullptr) {
    throw to_js(env, {"ERR_SIMCLR_DISPOSED", "This image store has been disposed; create a new one."});
  }
  return *store_;
}

size_t ImageStoreObject::slot(const Napi::CallbackInfo& info) const {
  const size_t index = count_argument(info, "index");
  if (index - filling_first_ < filling_count_) {  // unsigned: below filling_first_ wraps around
    throw to_js(info.Env(), {"ERR_SIMCLR_BUSY",
                             "Slot " + std::to_string(index) + " is being filled; await fillScenes first."});
  }
  return index;
}

void ImageStoreObject::report_memory(Napi::Env env) {
  const int64_t now = store_ ? static_cast<int64_t>(store_->bytes()) : 0;
  if (now == reported_bytes_) return;
  Napi::MemoryManagement::AdjustExternalMemory(env, now - reported_bytes_);
  reported_bytes_ = now;
}

Napi::Value ImageStoreObject::Count(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(store(info.Env()).count()));
}

Napi::Value ImageStoreObject::Bytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(store(info.Env()).bytes()));
}

Napi::Value ImageStoreObject::Set(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ImageStore& store = this->store(env);
  const size_t index = slot(info);
  // First: pixels that are taken out of a decoded image are not put back.
  if (index >= store.count()) fail(env, "an index below " + std::to_string(store.count()), "index", info[0]);
  if (std::optional<Pixels> decoded = DecodedImage::Take(info[1])) {
    guarded(env, [&] { store.adopt(index, std::move(*decoded)); });
  } else {
    const ImageView image = image_argument(env, info[1]);
    guarded(env, [&] { store.set(index, image); });
  }
  report_memory(env);
  return env.Undefined();
}

Napi::Value ImageStoreObject::Get(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ImageStore& store = this->store(env);
  const size_t index = slot(info);
  Napi::Object out = Napi::Object::New(env);
  const auto copy = [&](const ImageView& image) {
    const size_t bytes = static_cast<size_t>(image.stride) * image.height;
    Napi::Uint8Array data = Napi::Uint8Array::New(env, bytes);
    std::copy_n(image.data, bytes, data.Data());
    out.Set("data", data);
    out.Set("width", image.width);
    out.Set("height", image.height);
    out.Set("channels", image.channels);
  };
  guarded(env, [&] { store.read(index, copy); });
  return out;
}

Napi::Value ImageStoreObject::Has(const Napi::CallbackInfo& info) {
  const ImageStore& store = this->store(info.Env());
  const size_t index = slot(info);
  return Napi::Boolean::New(info.Env(), store.has(index));
}

Napi::Value ImageStoreObject::Delete(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ImageStore& store = this->store(env);
  const size_t index = slot(info);
  guarded(env, [&] { store.remove(index); });
  report_memory(env);
  return env.Undefined();
}

Napi::Value ImageStoreObject::Map(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ImageStore& slots = store(env);
  if (filling_count_ > 0) {
    throw to_js(env, {"ERR_SIMCLR_BUSY", "Scenes are being drawn into this store; await fillScenes first."});
  }
  if (!info[0].IsString()) fail(env, "a path", "file", info[0]);
  if (!info[1].IsObject()) fail(env, "an object", "images", info[1]);
  if (!info[2].IsUndefined() && !info[2].IsString()) fail(env, "a string", "name", info[2]);
  const std::string name = info[2].IsString() ? info[2].As<Napi::String>().Utf8Value() : "";
  const auto images = info[1].As<Napi::Object>();
  const Napi::Value first = images.Get("offsets");
  const size_t count = first.IsTypedArray() ? first.As<Napi::TypedArray>().ElementLength() : 0;
  const auto offsets = array_of<Napi::Float64Array>(images, "offsets", napi_float64_array, count);
  const auto widths = array_of<Napi::Uint32Array>(images, "widths", napi_uint32_array, count);
  const auto heights = array_of<Napi::Uint32Array>(images, "heights", napi_uint32_array, count);
  const auto channels = array_of<Napi::Uint8Array>(images, "channels", napi_uint8_array, count);
  const auto checksums = array_of<Napi::Uint32Array>(images, "checksums", napi_uint32_array, count);
  std::vector<ImageStore::MappedImage> mapped(count);
  for (size_t i = 0; i < count; ++i) {
    if (!(offsets[i] >= 0 && offsets[i] <= kLargestInteger)) {
      fail(env, "offsets of at least 0", "offsets", first);
    }
    mapped[i] = {static_cast<size_t>(offsets[i]), static_cast<int>(widths[i]), static_cast<int>(heights[i]),
                 channels[i], checksums[i]};
  }
  guarded(env, [&] {
    slots.map(std::make_shared<const MappedFile>(info[0].As<Napi::String>().Utf8Value(), name), mapped);
  });
  report_memory(env);
  return env.Undefined();
}

Napi::Value ImageStoreObject::FillScenes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ImageStore& slots = store(env);
  if (!info[0].IsObject()) fail(env, "an object", "options", info[0]);
  const auto options = info[0].As<Napi::Object>();
  const auto total = static_cast<int64_t>(slots.count());
  const auto seed = integer<uint64_t>(options, "seed");
  const int64_t first = integer(options, "first", 0, total);
  const int64_t count = integer(options, "count", 0, total - first);
  const auto size = integer<int>(options, "size", kSceneMinSize, kSceneMaxSize);
  const int64_t scene = has(options, "scene") ? integer(options, "scene", 0, kMost<uint32_t> - count) : first;
  if (filling_count_ > 0) {
    throw to_js(env, {"ERR_SIMCLR_BUSY", "Scenes are being drawn into this store; await fillScenes first."});
  }
  if (!thread_) thread_ = start_thread(env);
  filling_first_ = static_cast<size_t>(first);
  filling_count_ = static_cast<size_t>(count);
  // `this` outlives the work: the promise keeps the object, and its destructor joins the thread.
  auto work = [this, store = store_, seed, first, count, size, scene] {
    const std::unique_ptr<std::atomic<size_t>, decltype([](auto* count) { *count = 0; })> done(
        &filling_count_);
    std::vector<int32_t> labels(static_cast<size_t>(count));
    at::parallel_for(0, count, kScenesAtOnce, [&](int64_t begin, int64_t end) {
      std::vector<uint8_t> pixels(static_cast<size_t>(size) * size * 3);
      for (int64_t i = begin; i < end; ++i) {
        if (stop_) {
          throw Error("ERR_SIMCLR_DISPOSED", "This image store was disposed while scenes were being drawn.");
        }
        labels[i] = draw_scene(seed, static_cast<uint32_t>(scene + i), size, pixels.data());
        store->set(static_cast<uint32_t>(first + i), {pixels.data(), size, size, 3, int64_t{size} * 3});
      }
    });
    return labels;
  };
  auto finish = [this](Napi::Env env, std::vector<int32_t> labels) -> Napi::Value {
    report_memory(env);
    Napi::Int32Array out = Napi::Int32Array::New(env, labels.size());
    std::copy(labels.begin(), labels.end(), out.Data());
    return out;
  };
  return promise_task(env, *thread_, info.This().As<Napi::Object>(), std::move(work), std::move(finish));
}

Napi::Value ImageStoreObject::Dispose(const Napi::CallbackInfo& info) {
  stop_ = true;
  thread_.reset();  // waits for at most one scene
  store_.reset();
  report_memory(info.Env());
  return info.Env().Undefined();
}

void register_image_store(Napi::Env env, Napi::Object exports) { ImageStoreObject::Register(env, exports); }

}  // namespace simclr::binding
