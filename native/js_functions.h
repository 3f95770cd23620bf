#pragma once

#include <napi.h>

#include <cerrno>

namespace ancillary {

// The functions of addon.ts, a group a file.
void exportHandleOps(Napi::Env env, Napi::Object exports);
void exportSendOps(Napi::Env env, Napi::Object exports);
void exportFileIo(Napi::Env env, Napi::Object exports);
void exportFdFacts(Napi::Env env, Napi::Object exports);
void exportFdOps(Napi::Env env, Napi::Object exports);
void exportAddressOps(Napi::Env env, Napi::Object exports);
void exportConnectionState(Napi::Env env, Napi::Object exports);
void exportMessageOps(Napi::Env env, Napi::Object exports);
void exportOwnFile(Napi::Env env, Napi::Object exports);
void exportPeerFacts(Napi::Env env, Napi::Object exports);
void exportSocketFile(Napi::Env env, Napi::Object exports);
void exportSocketOptions(Napi::Env env, Napi::Object exports);

/** What a function answers that has to do with errno: a value >= 0 or a negative errno. */
inline Napi::Value answer(const Napi::CallbackInfo& info, long result) {
  return Napi::Number::New(info.Env(), static_cast<double>(result));
}

/** The same for a system call's -1 and errno. */
inline Napi::Value answerCall(const Napi::CallbackInfo& info, long result) {
  return answer(info, result < 0 ? -errno : result);
}

}  // namespace ancillary
