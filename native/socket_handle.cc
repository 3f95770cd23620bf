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

enum Method : std::size_t { kRead, kWritable, kHangup };

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
                         InstanceMethod<&SocketHandle::send>("send"),
                         InstanceMethod<&SocketHandle::getLastError>("lastError"),
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
  const int error = handle->open(object, fd, info[1].As<Napi::Object>(), "ANCILLARYSOCKET",
                                         {"read", "writable", "hangup"});
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
  lastError_ = sent.error;
  return Napi::Number::New(env, static_cast<double>(sent.accepted));
}

Napi::Value SocketHandle::getLastError(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), lastError_);
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
    if (!tell(kWritable, {})) return;
  }
  if (wantsHangup_ && hungUp()) {
    wantsHangup_ = false;
    tell(kHangup, {});
  }
}

bool SocketHandle::read() {
  const Napi::Env env = Env();
  JsEnvironment& home = environment();
  Slab slab{};
  const Napi::Value buffer = home.slab(slab);
  if (buffer.IsEmpty()) {
    giveUp();
    JsEvents::raisePending(env);
    return false;
  }
  ReadBatch batch = home.batch();
  pump_.run(fd(), slab, batch, home.ledger);
  home.keepSlab(slab);
  if (batch.segmentCount == 0 && batch.end == 0) return true;
  return tell(kRead, {buffer, Napi::Number::New(env, static_cast<double>(batch.segmentCount)),
                      Napi::Number::New(env, batch.end)});
}

void SocketHandle::giveUp() {
  pump_.allow(0, 0);
  wantsWritable_ = false;
  wantsHangup_ = false;
}

}  // namespace ancillary
