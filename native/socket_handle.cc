#include "socket_handle.h"

#include "hung_up.h"
#include "js_environment.h"

namespace ancillary {

void SocketHandle::allowReading(std::uint64_t bytes, std::uint64_t fds) {
  pump_.allow(bytes, fds);
  updateInterest();
}

void SocketHandle::readInto(Napi::Uint8Array memory) {
  if (memory_ == nullptr) memory_ = std::make_unique<Napi::Reference<Napi::Uint8Array>>();
  *memory_ = Napi::Persistent(memory);
}

void SocketHandle::watchWritable() {
  wantsWritable_ = true;
  updateInterest();
}

void SocketHandle::watchHangup() {
  wantsHangup_ = true;
  updateInterest();
}

int SocketHandle::interest() const {
  return (pump_.wantsToRead() ? kPollReadable : 0) | (wantsWritable_ ? kPollWritable : 0) |
         (wantsHangup_ ? kPollHangup : 0);
}

void SocketHandle::wake(bool error, int events) {
  // EPOLLERR hides what else there is. recvmsg yields what is queued and then the errno; sendmsg gives its errno.
  if (pump_.wantsToRead() && (error || (events & kPollReadable) != 0) && !read()) return;
  if (wantsWritable_ && (error || (events & kPollWritable) != 0)) {
    wantsWritable_ = false;
    if (!tell(Event::writable, {})) return;
  }
  if (wantsHangup_ && (error || (events & kPollHangup) != 0) && hungUp(fd())) {
    wantsHangup_ = false;
    tell(Event::hangup, {});
  }
}

bool SocketHandle::read() {
  if (memory_ != nullptr) return readToMemory();
  const Napi::Env env = this->env();
  JsEnvironment& home = environment();
  const bool large = expectLarge_ > 0;
  if (large) --expectLarge_;
  // Several rounds without asking poll in between, but not for ever: other sockets wait for their turn.
  for (int left = kMostRounds; left > 0 && pump_.wantsToRead();) {
    const Napi::HandleScope scope(env);
    JsEnvironment::SharedSlab& shared = large || expectLarge_ > 0 ? home.largeSlab : home.slab;
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
    left -= &shared == &home.largeSlab ? kLargeRounds : 1;
    if (batch.segmentCount > 0 && batch.segments[batch.segmentCount - 1].length >= kLargeSegment) {
      expectLarge_ = kExpectLarge;
    }
    if (!tellRead(buffer, batch)) return false;
    if (!more) return true;
  }
  return true;
}

bool SocketHandle::tellRead(Napi::Value memory, const ReadBatch& batch) {
  if (batch.segmentCount == 0 && batch.end == 0) return true;
  const Napi::Env env = this->env();
  return tell(Event::read, {memory, Napi::Number::New(env, static_cast<double>(batch.segmentCount)),
                            Napi::Number::New(env, batch.end)});
}

bool SocketHandle::readToMemory() {
  const Napi::Env env = this->env();
  JsEnvironment& home = environment();
  for (int i = 0; i < kMostRounds && pump_.wantsToRead(); ++i) {
    const Napi::HandleScope scope(env);
    Napi::Uint8Array memory = memory_->Value();
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
