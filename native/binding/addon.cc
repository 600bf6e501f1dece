// Registration: one line per exposed object or group of functions, nothing else.
#include <napi.h>

#include "binding/instance.h"
#include "binding/registry.h"
#include "core/machine/own_threads.h"
#ifdef SIMCLR_CUDA
#include "cuda/kernels.h"
#endif

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  simclr::take_usual_threads();
  env.SetInstanceData(new simclr::binding::Instance(env));
#ifdef SIMCLR_CUDA
  simclr::cuda::register_kernels();
#endif
  simclr::binding::register_errors(env, exports);
  simclr::binding::register_exit(env, exports);
  simclr::binding::register_build_info(env, exports);
  simclr::binding::register_devices(env, exports);
  simclr::binding::register_machine_limits(env, exports);
  simclr::binding::register_jpeg(env, exports);
  simclr::binding::register_image_store(env, exports);
  simclr::binding::register_augmenter(env, exports);
  simclr::binding::register_augment_functions(env, exports);
  simclr::binding::register_group(env, exports);
  simclr::binding::register_learner(env, exports);
  simclr::binding::register_encoder(env, exports);
  simclr::binding::register_convolution(env, exports);
  simclr::binding::register_batch_norm(env, exports);
  simclr::binding::register_ops_loss(env, exports);
  simclr::binding::register_ops_optimizer(env, exports);
  simclr::binding::register_ops_evaluate(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(simclr, Init)
