// What addon.cc registers; each function lives in the file of its object.
#pragma once

#include <napi.h>

namespace simclr::binding {

void register_errors(Napi::Env env, Napi::Object exports);
void register_exit(Napi::Env env, Napi::Object exports);
void register_build_info(Napi::Env env, Napi::Object exports);
void register_devices(Napi::Env env, Napi::Object exports);
void register_machine_limits(Napi::Env env, Napi::Object exports);
void register_jpeg(Napi::Env env, Napi::Object exports);
void register_image_store(Napi::Env env, Napi::Object exports);
void register_augmenter(Napi::Env env, Napi::Object exports);
void register_augment_functions(Napi::Env env, Napi::Object exports);
void register_group(Napi::Env env, Napi::Object exports);
void register_learner(Napi::Env env, Napi::Object exports);
void register_encoder(Napi::Env env, Napi::Object exports);
void register_convolution(Napi::Env env, Napi::Object exports);
void register_batch_norm(Napi::Env env, Napi::Object exports);
void register_ops_loss(Napi::Env env, Napi::Object exports);
void register_ops_optimizer(Napi::Env env, Napi::Object exports);
void register_ops_evaluate(Napi::Env env, Napi::Object exports);

}  // namespace simclr::binding
