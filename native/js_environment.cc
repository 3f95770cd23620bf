#include "js_environment.h"

#include <cstdlib>

#include "choose_poller.h"

namespace ancillary {
namespace {

/**
 * V8 frees the slabs many at a time. glibc would then give the end of its heap back to the kernel, and the next slabs would
 * cost a page fault for each 4 KiB. Once a block of so many bytes was freed, it keeps twice as much (mallopt(3), "dynamic
 * mmap threshold").
 */
void keepFreedHeap() {
#ifdef __GLIBC__
  constexpr std::size_t kBlock = 16 * 1024 * 1024;
  void* volatile const block = std::malloc(kBlock);
  std::free(block);
#endif
}

}  // namespace

static_assert(sizeof(SegmentRecord) == 4 * sizeof(std::uint32_t), "JavaScript reads four numbers a segment");
static_assert(sizeof(int) == sizeof(std::int32_t), "descriptors are read through an Int32Array");

JsEnvironment* JsEnvironment::install(Napi::Env env) {
  auto* const environment = new JsEnvironment(env);
  env.SetInstanceData(environment);
  environment->poller = choosePoller(env);
  if (environment->poller == nullptr || napi_add_env_cleanup_hook(env, onCleanup, environment) != napi_ok) {
    Napi::Error::New(env, "ancillary: this environment cannot wait for descriptors, or is ending")
        .ThrowAsJavaScriptException();
    return nullptr;
  }
  return environment;
}

bool JsEnvironment::exportArrays(Napi::Object exports) {
  const auto add = [&](Napi::ObjectReference& keep, const char* name, napi_typedarray_type type, std::size_t length) {
    void* data = nullptr;
    napi_value memory;
    napi_value array;
    if (napi_create_arraybuffer(env_, length * sizeof(int), &data, &memory) != napi_ok ||
        napi_create_typedarray(env_, type, length, memory, 0, &array) != napi_ok ||
        napi_set_named_property(env_, exports, name, array) != napi_ok) {
      return static_cast<void*>(nullptr);
    }
    keep = Napi::Persistent(Napi::Object(env_, array));
    return data;
  };
  constexpr std::size_t kNumbers = ReadBatch::kMaxSegments * sizeof(SegmentRecord) / sizeof(int);
  segments_ = static_cast<SegmentRecord*>(add(arrays_[0], "readSegments", napi_uint32_array, kNumbers));
  fds_ = static_cast<int*>(add(arrays_[1], "readFds", napi_int32_array, ReadBatch::kMaxFdsHeld));
  state_ = static_cast<int*>(add(arrays_[2], "readState", napi_int32_array, 2));
  sendFds_ = static_cast<int*>(add(arrays_[3], "sendFds", napi_int32_array, kMaxFds));
  sendState_ = static_cast<int*>(add(arrays_[4], "sendState", napi_int32_array, 1));
  closeFds_ = static_cast<int*>(add(arrays_[5], "closeFds", napi_int32_array, kMostClosed));
  int* const lostCount = static_cast<int*>(add(arrays_[6], "lostCount", napi_int32_array, 1));
  ledger.countLostIn(lostCount);
  return lostCount != nullptr && segments_ != nullptr && fds_ != nullptr && state_ != nullptr && sendFds_ != nullptr && sendState_ != nullptr &&
         closeFds_ != nullptr;
}

Napi::Value JsEnvironment::SharedSlab::get(Napi::Env env, Slab& into) {
  if (!buffer_.IsEmpty()) {
    const auto buffer = buffer_.Value();
    // Asked anew each time: a Buffer whose memory was transferred to another thread has length 0 from then on.
    into = {buffer.Data(), buffer.Length(), used_};
    if (into.size == size_ && into.size - into.used >= kReserve) return buffer;
  }
  if (buffer_.IsEmpty() && size_ > kMmapThreshold) keepFreedHeap();
  const auto buffer = Napi::Buffer<unsigned char>::New(env, size_);
  if (buffer.IsEmpty()) return buffer;
  buffer_ = Napi::Persistent(buffer);
  into = {buffer.Data(), size_, 0};
  return buffer;
}

void JsEnvironment::onCleanup(void* data) {
  auto* const environment = static_cast<JsEnvironment*>(data);
  environment->events.end();
  environment->handles.closeAll();
  environment->ledger.closeAll();
  environment->ledger.closing().end();
}

}  // namespace ancillary
