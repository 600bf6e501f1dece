// AugmentPlan of lib/addon/plan.ts to the core's Plan, and drawn parameters back.
#pragma once

#include <napi.h>

#include "core/augment/parameters.h"
#include "core/augment/plan.h"

namespace simclr::binding {

Plan to_plan(const Napi::Object& object);

/// ViewParameters of lib/addon/interface.ts: null where the plan has no such operator or it was not drawn.
Napi::Object to_js(Napi::Env env, const Plan& plan, const ViewParameters& view);

}  // namespace simclr::binding
