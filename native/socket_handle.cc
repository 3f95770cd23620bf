#include "socket_handle.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "poll_once.h"
#include "js_environment.h"
#include "pending_rights.h"

namespace ancillary {
namespace {

constexpr std::size_t kHuge = 4 * 1024 * 1024;

/** For large memory that nothing was written to yet: to map it page by page takes a good part of the time that reading does. */
void preferHugePages(unsigned char* memory, std::size_t size) {
#ifdef MADV_HUGEPAGE
  if (size < kHuge) return;
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t start = (address + page - 1) / page * page;
  const std::uintptr_t end = (address + size) / page * page;
  // Where the kernel will not, everything works as before.
  (void)madvise(reinterpret_cast<void*>(start), end - start, MADV_HUGEPAGE);
#else
  (void)memory;
  (void)size;
#endif
}

}  // namespace

int SocketHandle::allowReading(std::uint64_t bytes, std::uint64_t fds, LookAhead::Extent extent) {
  pump_.allow(bytes, fds, extent);
  return updateInterest();
}

void SocketHandle::fill(Napi::Uint8Array memory) {
  preferHugePages(memory.Data(), memory.ByteLength());
  target_ = std::make_unique<Target>(memory, true);
}

int SocketHandle::resumeReading() {
  congested_ = false;
  return updateInterest();
}

int SocketHandle::watchWritable() {
  wantsWritable_ = true;
  return updateInterest();
}

int SocketHandle::watchHangup(bool holds) {
  wantsHangup_ = true;
  hangupHolds_ |= holds;
  return updateInterest();
}

int SocketHandle::interest() const {
  return (readsNow() ? kPollReadable : 0) | (wantsWritable_ ? kPollWritable : 0) |
         (wantsHangup_ ? kPollHangup : 0);
}

void SocketHandle::wake(bool error, int events) {
  // EPOLLERR hides what else there is. recvmsg yields what is queued and then the errno; sendmsg gives its errno.
  if (readsNow() && (error || (events & kPollReadable) != 0) && !read()) return;
  if (wantsWritable_ && (error || (events & kPollWritable) != 0)) {
    wantsWritable_ = false;
    if (!tell(Event::writable, {})) return;
  }
  if (wantsHangup_ && (error || (events & kPollHangup) != 0) && hungUp(fd())) {
    wantsHangup_ = false;
    hangupHolds_ = false;
    tell(Event::hangup, {});
  }
}

bool SocketHandle::read() {
  const Napi::Env env = this->env();
  const bool expectedLarge = expectLarge_ > 0;
  if (expectedLarge) --expectLarge_;
  // Several rounds without asking poll in between, but not for ever: other sockets wait for their turn.
  for (int left = kMostRounds; left > 0 && readsNow();) {
    const Napi::HandleScope scope(env);
    if (environment().ledger.isCongested(fd())) return tellLater(-EAGAIN);
    const FreeNumbers::Room room = environment().ledger.room();
    if (room == FreeNumbers::Room::none && rightsWait(fd())) return tellLater(-EMFILE);
    const bool large = expectedLarge || expectLarge_ > 0;
    // A callback may have set another one.
    const bool again = target_ != nullptr && !target_->fillsUp;
    left -= large && !again ? kLargeRounds : 1;
    Slab slab{};
    const Napi::Value memory = memoryToRead(large, slab);
    if (memory.IsEmpty()) return false;
    environment().ledger.makeRoom();
    ReadBatch batch = environment().batch();
    // Of length 0 once it was transferred to another thread.
    if (slab.used >= slab.size) {
      giveUp();
      batch.end = -EFAULT;
      return tellRead(memory, batch);
    }
    const bool one = again || room != FreeNumbers::Room::plenty;
    const bool more = one ? pump_.run(fd(), slab, batch, environment().ledger, 1)
                          : pump_.run(fd(), slab, batch, environment().ledger);
    keepUsed(large, slab);
    if (batch.end == ReadBatch::kEndOfFile) environment().ledger.setEnded(fd());
    if (batch.segmentCount > 0 && batch.segments[batch.segmentCount - 1].length >= kLargeSegment) {
      expectLarge_ = kExpectLarge;
    }
    if (!tellRead(memory, batch)) return false;
    if (!more) return true;
  }
  return true;
}

Napi::Value SocketHandle::memoryToRead(bool large, Slab& into) {
  if (target_ != nullptr) {
    Napi::Uint8Array memory = target_->memory.Value();
    into = {memory.Data(), memory.ByteLength(), target_->used};
    return memory;
  }
  JsEnvironment& home = environment();
  const Napi::Value buffer = (large ? home.largeSlab : home.slab).get(env(), into);
  if (buffer.IsEmpty()) {
    giveUp();
    JsEvents::raisePending(env());
  }
  return buffer;
}

void SocketHandle::keepUsed(bool large, const Slab& slab) {
  if (target_ == nullptr) {
    (large ? environment().largeSlab : environment().slab).keep(slab);
  } else if (target_->fillsUp) {
    target_->used = slab.used;
    if (slab.used == slab.size) target_.reset();
  }
}

bool SocketHandle::tellRead(Napi::Value memory, const ReadBatch& batch) {
  if (batch.segmentCount == 0 && batch.end == 0) return true;
  const Napi::Env env = this->env();
  return tell(Event::read, {memory, Napi::Number::New(env, static_cast<double>(batch.segmentCount)),
                            Napi::Number::New(env, batch.end)});
}

bool SocketHandle::tellLater(int why) {
  congested_ = true;
  ReadBatch batch = environment().batch();
  batch.segmentCount = 0;
  batch.end = why;
  return tellRead(env().Undefined(), batch);
}

void SocketHandle::pollFailed(int error) {
  giveUp();
  ReadBatch batch = environment().batch();
  batch.end = error;
  tellRead(env().Undefined(), batch);
}

void SocketHandle::giveUp() {
  pump_.allow(0, 0);
  wantsWritable_ = false;
  wantsHangup_ = false;
  hangupHolds_ = false;
}

}  // namespace ancillary
