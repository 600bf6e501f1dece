// endWork(): what lib/addon/load.ts calls when the process is about to exit.
#include "binding/registry.h"
#include "core/work_gate.h"

namespace simclr::binding {

void register_exit(Napi::Env env, Napi::Object exports) {
  exports.Set("endWork",
              Napi::Function::New(
                  env, [](const Napi::CallbackInfo&) { WorkGate::instance().close(); }, "endWork"));
}

}  // namespace simclr::binding
