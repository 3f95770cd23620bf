#include "socket_handle.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

#include "control_message.h"
#include "js_arguments.h"
#include "js_environment.h"
#include "send_batch.h"
#include "small_array.h"

namespace ancillary {
namespace {

constexpr std::size_t kUsualParts = 64;

/** The three arrays of send(), checked as a whole before anything is sent. */
class SendArguments {
 public:
  SendArguments(std::size_t partCount, std::size_t fdCount) : parts_(partCount), fds_(fdCount) {}

  bool read(Napi::Env env, Napi::Array bytes, Napi::Array fdCounts, Napi::Array fds) {
    for (std::size_t i = 0; i < fds_.size(); ++i) {
      if (!readInt(env, fds.Get(static_cast<std::uint32_t>(i)), "a descriptor", fds_[i])) return false;
    }
    std::size_t used = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const auto index = static_cast<std::uint32_t>(i);
      Bytes part;
      int count = 0;
      if (!readBytes(env, bytes.Get(index), "a part", part)) return false;
      if (!readInt(env, fdCounts.Get(index), "a descriptor count", count)) return false;
      if (count < 0 || static_cast<std::size_t>(count) > fds_.size() - used) {
        throwType(env, "fdCounts", "counts of the descriptors given");
        return false;
      }
      parts_[i] = {part.data, part.size, fds_.data() + used, static_cast<std::size_t>(count)};
      used += static_cast<std::size_t>(count);
    }
    return true;
  }

  const SendPart* parts() { return parts_.data(); }

 private:
  SmallArray<SendPart, kUsualParts> parts_;
  SmallArray<int, kMaxFds> fds_;
};

}  // namespace

Napi::Function SocketHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeSocket",
                     {
                         InstanceMethod<&SocketHandle::getFd>("fd"),
                         InstanceMethod<&SocketHandle::allowReading>("allowReading"),
                         InstanceMethod<&SocketHandle::readInto>("readInto"),
                         InstanceMethod<&SocketHandle::sendOne>("sendOne"),
                         InstanceMethod<&SocketHandle::send>("send"),
                         InstanceMethod<&SocketHandle::watchWritable>("watchWritable"),
                         InstanceMethod<&SocketHandle::watchHangup>("watchHangup"),
                         InstanceMethod<&SocketHandle::shutdownSending>("shutdown"),
                         InstanceMethod<&SocketHandle::getHungUp>("hungUp"),
                         InstanceMethod<&SocketHandle::getUnread>("unread"),
                         InstanceMethod<&SocketHandle::refLoop>("ref"),
                         InstanceMethod<&SocketHandle::unrefLoop>("unref"),
                         InstanceMethod<&SocketHandle::closeNow>("close"),
                     });
}

Napi::Value SocketHandle::openSocket(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int fd = -1;
  if (!readInt(info, 0, "fd", fd)) return env.Undefined();
  if (!info[1].IsObject()) {
    throwType(env, "callbacks", "an object");
    return env.Undefined();
  }
  const Napi::Object object = JsEnvironment::of(env).socketClass.New({});
  SocketHandle* const handle = object.IsEmpty() ? nullptr : Unwrap(object);
  if (handle == nullptr) return env.Undefined();
  const int error = handle->open(fd, info[1].As<Napi::Object>(), "ANCILLARYSOCKET",
                                 {Event::read, Event::writable, Event::hangup});
  if (error < 0) return Napi::Number::New(env, error);
  return object;
}

Napi::Value SocketHandle::getFd(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), fd()); }

void SocketHandle::allowReading(const Napi::CallbackInfo& info) {
  std::uint64_t bytes = 0;
  std::uint64_t fds = 0;
  if (!readCount(info, 0, "bytes", bytes) || !readCount(info, 1, "fds", fds)) return;
  pump_.allow(bytes, fds);
  updateInterest();
}

void SocketHandle::readInto(const Napi::CallbackInfo& info) {
  Bytes memory;
  if (readBytes(info.Env(), info[0], "memory", memory)) memory_ = Napi::Persistent(info[0].As<Napi::Uint8Array>());
}

Napi::Value SocketHandle::sendOne(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Bytes part;
  std::uint32_t fdCount = 0;
  if (!readBytes(env, info[0], "a part", part)) return env.Undefined();
  if (napi_get_value_uint32(env, info[1], &fdCount) != napi_ok || fdCount > kMaxFds) {
    throwType(env, "fdCount", "a number of descriptors in sendFds");
    return env.Undefined();
  }
  JsEnvironment& home = environment();
  const SendPart whole{part.data, part.size, home.sendFds(), fdCount};
  const Sent sent = isOpen() ? sendBatch(fd(), &whole, 1) : Sent{0, -EBADF};
  home.sendState()[0] = sent.error;
  return Napi::Number::New(env, static_cast<double>(sent.accepted));
}

Napi::Value SocketHandle::send(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array bytes;
  Napi::Array fdCounts;
  Napi::Array fds;
  if (!readArray(info, 0, "bytes", bytes) || !readArray(info, 1, "fdCounts", fdCounts) ||
      !readArray(info, 2, "fds", fds)) {
    return env.Undefined();
  }
  const std::size_t partCount = bytes.Length();
  SendArguments arguments(partCount, fds.Length());
  if (!arguments.read(env, bytes, fdCounts, fds)) return env.Undefined();
  // Looked at last: reading the arrays may have run JavaScript that closed the socket.
  const Sent sent = isOpen() ? sendBatch(fd(), arguments.parts(), partCount) : Sent{0, -EBADF};
  environment().sendState()[0] = sent.error;
  return Napi::Number::New(env, static_cast<double>(sent.accepted));
}

void SocketHandle::watchWritable(const Napi::CallbackInfo&) {
  wantsWritable_ = true;
  updateInterest();
}

void SocketHandle::watchHangup(const Napi::CallbackInfo&) {
  wantsHangup_ = true;
  updateInterest();
}

Napi::Value SocketHandle::shutdownSending(const Napi::CallbackInfo& info) {
  const int error = !isOpen() ? -EBADF : shutdown(fd(), SHUT_WR) < 0 ? -errno : 0;
  return Napi::Number::New(info.Env(), error);
}

Napi::Value SocketHandle::getHungUp(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), isOpen() && hungUp());
}

Napi::Value SocketHandle::getUnread(const Napi::CallbackInfo& info) {
  int unread = 0;
  if (isOpen() && ioctl(fd(), FIONREAD, &unread) < 0) unread = 0;
  return Napi::Number::New(info.Env(), unread);
}

bool SocketHandle::hungUp() const {
  pollfd watched{fd(), 0, 0};
  return poll(&watched, 1, 0) > 0 && (watched.revents & POLLHUP) != 0;
}

int SocketHandle::interest() const {
  const int events = (pump_.wantsToRead() ? UV_READABLE : 0) | (wantsWritable_ ? UV_WRITABLE : 0);
  // EPOLLHUP is always reported, and libuv passes it on as the events it was asked to watch. So it is given one that
  // never comes of itself: UV_READABLE would come all the time after end of file.
  return wantsHangup_ ? events | UV_PRIORITIZED : events;
}

void SocketHandle::wake(bool error, int events) {
  // EPOLLERR hides what else there is. recvmsg yields what is queued and then the errno; sendmsg gives its errno.
  if (pump_.wantsToRead() && (error || (events & UV_READABLE) != 0) && !read()) return;
  if (wantsWritable_ && (error || (events & UV_WRITABLE) != 0)) {
    wantsWritable_ = false;
    if (!tell(Event::writable, {})) return;
  }
  if (wantsHangup_ && (error || (events & UV_PRIORITIZED) != 0) && hungUp()) {
    wantsHangup_ = false;
    tell(Event::hangup, {});
  }
}

bool SocketHandle::read() {
  if (!memory_.IsEmpty()) return readToMemory();
  const Napi::Env env = Env();
  JsEnvironment& home = environment();
  // Several rounds without asking poll in between, but not for ever: other sockets wait for their turn.
  for (int left = kMostRounds; left > 0 && pump_.wantsToRead();) {
    const Napi::HandleScope scope(env);
    JsEnvironment::SharedSlab& shared = readsLarge_ ? home.largeSlab : home.slab;
    Slab slab{};
    const Napi::Value buffer = shared.get(env, slab);
    if (buffer.IsEmpty()) {
      giveUp();
      JsEvents::raisePending(env);
      return false;
    }
    ReadBatch batch = home.batch();
    const bool more = pump_.run(fd(), slab, batch, home.ledger);
    shared.keep(slab);
    left -= readsLarge_ ? kLargeRounds : 1;
    if (batch.segmentCount > 0) readsLarge_ = batch.segments[batch.segmentCount - 1].length >= kLargeSegment;
    if (!tellRead(buffer, batch)) return false;
    if (!more) return true;
  }
  return true;
}

bool SocketHandle::tellRead(Napi::Value memory, const ReadBatch& batch) {
  if (batch.segmentCount == 0 && batch.end == 0) return true;
  const Napi::Env env = Env();
  return tell(Event::read, {memory, Napi::Number::New(env, static_cast<double>(batch.segmentCount)),
                            Napi::Number::New(env, batch.end)});
}

bool SocketHandle::readToMemory() {
  const Napi::Env env = Env();
  JsEnvironment& home = environment();
  for (int i = 0; i < kMostRounds && pump_.wantsToRead(); ++i) {
    const Napi::HandleScope scope(env);
    Napi::Uint8Array memory = memory_.Value();
    ReadBatch batch = home.batch();
    Slab slab{memory.Data(), memory.ByteLength(), 0};
    // Of length 0 once it was transferred to another thread.
    if (slab.size == 0) {
      giveUp();
      batch.end = -EFAULT;
      return tellRead(memory, batch);
    }
    const bool more = pump_.run(fd(), slab, batch, home.ledger, 1);
    if (!tellRead(memory, batch)) return false;
    if (!more) return true;
  }
  return true;
}

void SocketHandle::giveUp() {
  pump_.allow(0, 0);
  wantsWritable_ = false;
  wantsHangup_ = false;
}

}  // namespace ancillary
