#pragma once

#include <napi.h>

#include <memory>

#include "poller.h"

namespace ancillary {

/** The way of waiting that this runtime can do; null where it can do none, or the environment is ending. */
std::unique_ptr<Poller> choosePoller(Napi::Env env);

}  // namespace ancillary
