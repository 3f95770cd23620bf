#include <fcntl.h>
#include <napi.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/eventfd.h>
#include <sys/mman.h>
#endif

#include <cstdint>
#include <string>
#include <vector>

#include "js_arguments.h"
#include "js_environment.h"
#include "js_functions.h"
#include "unique_fd.h"

namespace ancillary {
namespace {

using Info = const Napi::CallbackInfo&;

Ledger& ledgerOf(Info info) { return JsEnvironment::of(info.Env()).ledger; }

/** Calls it again where there were no numbers, but some are about to be free. */
template <typename Make>
int withNumbers(Info info, Make make) {
  const int result = make();
  if (result >= 0 || errno != EMFILE) return result;
  if (ledgerOf(info).waitForNumbers()) return make();
  errno = EMFILE;
  return -1;
}

/** Enters a new descriptor in the ledger; a failed call's -1 becomes its errno. */
Napi::Value answerOwned(Info info, int fd, Origin origin) {
  if (fd >= 0) ledgerOf(info).adopt(fd, origin);
  return answerCall(info, fd);
}

template <int (Ledger::*Function)(int)>
Napi::Value onLedger(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  return answer(info, (ledgerOf(info).*Function)(fd));
}

/** The number that was lost as the index-th, counted from 0; a negative errno where there were not so many. */
Napi::Value lostNumber(Info info) {
  std::uint64_t index = 0;
  if (!readCount(info, 0, "index", index)) return info.Env().Undefined();
  const std::vector<int>& lost = ledgerOf(info).lost();
  return answer(info, index < lost.size() ? lost[static_cast<std::size_t>(index)] : -ENOENT);
}

Napi::Value closeAll(Info info) {
  std::uint64_t count = 0;
  if (!readCount(info, 0, "count", count)) return info.Env().Undefined();
  JsEnvironment& home = JsEnvironment::of(info.Env());
  if (count > JsEnvironment::kMostClosed) {
    throwType(info.Env(), "count", "a number of descriptors in closeFds");
    return info.Env().Undefined();
  }
  home.ledger.closeEach(home.closeFds(), static_cast<std::size_t>(count));
  return info.Env().Undefined();
}

/** Waits on the event loop until all that was struck off in this process is closed. For tests. */
Napi::Value settleClosing(Info info) {
  int naps;
  if (!readInt(info, 0, "naps", naps)) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), ClosingThreads::settleAll(naps));
}

/** Takes the st_dev and st_ino of a file, and keeps account in the rest of what {@link Addon.stillCloses} says. */
Napi::Value stillCloses(Info info) {
  std::uint64_t* watched;
  if (!readBigInts(info, 0, "watched", 5, watched)) return info.Env().Undefined();
  const bool closing = ClosingThreads::stillCloses(watched[0], watched[1], watched[2]);
  watched[3] = ClosingThreads::closedSoFar();
  watched[4] = ClosingThreads::allPending();
  return Napi::Boolean::New(info.Env(), closing);
}

Napi::Value duplicate(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  const int copy = withNumbers(info, [=] { return fcntl(fd, F_DUPFD_CLOEXEC, 0); });
  if (copy >= 0) ledgerOf(info).adoptDuplicate(copy, fd);
  return answerCall(info, copy);
}

/** `make` fills a pair of descriptors and returns 0, or -1 with errno. */
template <typename Make>
Napi::Value answerPair(Info info, Make make, Origin origin) {
  std::int32_t* pair;
  if (!readInts(info, 0, "pair", 2, pair)) return info.Env().Undefined();
  int made[2];
  if (withNumbers(info, [&] { return make(made); }) < 0) return answerCall(info, -1);
  for (int i = 0; i < 2; ++i) {
    ledgerOf(info).adopt(made[i], origin);
    pair[i] = made[i];
  }
  return answer(info, 0);
}

#ifndef __linux__
void closeOnExec(int fd) { fcntl(fd, F_SETFD, FD_CLOEXEC); }
#endif

int makePipe(int pair[2]) {
#ifdef __linux__
  return pipe2(pair, O_CLOEXEC);
#else
  if (::pipe(pair) < 0) return -1;
  closeOnExec(pair[0]);
  closeOnExec(pair[1]);
  return 0;
#endif
}

int makeSocketpair(int pair[2]) {
#ifdef __linux__
  return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
#else
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) return -1;
  for (int i = 0; i < 2; ++i) {
    closeOnExec(pair[i]);
    fcntl(pair[i], F_SETFL, O_NONBLOCK);
  }
  return 0;
#endif
}

int makeSocket(int type) {
#ifdef __linux__
  return ::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
#else
  const int fd = ::socket(AF_UNIX, type, 0);
  if (fd < 0) return -1;
  closeOnExec(fd);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
#endif
}

Napi::Value newPipe(Info info) { return answerPair(info, makePipe, Origin::made); }
Napi::Value newSocketpair(Info info) { return answerPair(info, makeSocketpair, Origin::socket); }
Napi::Value newSocket(Info info) { return answerOwned(info, withNumbers(info, [] { return makeSocket(SOCK_STREAM); }), Origin::socket); }
Napi::Value newDatagramSocket(Info info) { return answerOwned(info, withNumbers(info, [] { return makeSocket(SOCK_DGRAM); }), Origin::made); }

Napi::Value newMemfd(Info info) {
  std::string name;
  bool allowSealing;
  if (!readText(info, 0, "name", name)) return info.Env().Undefined();
  if (!readBool(info, 1, "allowSealing", allowSealing)) return info.Env().Undefined();
  std::uint64_t size;
  if (!readCount(info, 3, "size", size)) return info.Env().Undefined();
#ifdef __linux__
  const unsigned flags = MFD_CLOEXEC | (allowSealing ? MFD_ALLOW_SEALING : 0u);
  UniqueFd fd(withNumbers(info, [&] { return memfd_create(name.c_str(), flags); }));
  if (!fd) return answerCall(info, -1);
  // Read last: the pointer is good only until JavaScript runs.
  Bytes data;
  if (!readBytes(info.Env(), info[2], "data", data)) return info.Env().Undefined();
  // With a position each write leaves the file's own offset at the start.
  for (std::size_t at = 0; at < data.size;) {
    const ssize_t written = pwrite(fd.get(), data.data + at, data.size - at, static_cast<off_t>(at));
    if (written < 0 && errno != EINTR) return answerCall(info, -1);
    if (written > 0) at += static_cast<std::size_t>(written);
  }
  if (size > data.size && ftruncate(fd.get(), static_cast<off_t>(size)) < 0) return answerCall(info, -1);
  return answerOwned(info, fd.release(), Origin::made);
#else
  return answer(info, -ENOSYS);
#endif
}

Napi::Value newEventfd(Info info) {
  std::uint64_t initial;
  bool semaphore;
  bool nonBlocking;
  if (!readCount(info, 0, "initial", initial)) return info.Env().Undefined();
  if (!readBool(info, 1, "semaphore", semaphore)) return info.Env().Undefined();
  if (!readBool(info, 2, "nonBlocking", nonBlocking)) return info.Env().Undefined();
#ifdef __linux__
  const int flags = EFD_CLOEXEC | (semaphore ? EFD_SEMAPHORE : 0) | (nonBlocking ? EFD_NONBLOCK : 0);
  return answerOwned(info, withNumbers(info, [=] { return eventfd(static_cast<unsigned>(initial), flags); }), Origin::made);
#else
  return answer(info, -ENOSYS);
#endif
}

Napi::Value lock(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  return answerCall(info, flock(fd, LOCK_EX | LOCK_NB));
}

Napi::Value setMode(Info info) {
  int fd;
  int mode;
  if (!readInt(info, 0, "fd", fd) || !readInt(info, 1, "mode", mode)) return info.Env().Undefined();
  return answerCall(info, fchmod(fd, static_cast<mode_t>(mode)));
}

}  // namespace

void exportFdOps(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, Napi::Value (*function)(Info)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("own", onLedger<&Ledger::own>);
  add("disown", onLedger<&Ledger::disown>);
  add("close", onLedger<&Ledger::close>);
  add("remember", onLedger<&Ledger::remember>);
  add("closeForgotten", onLedger<&Ledger::closeForgotten>);
  add("lostNumber", lostNumber);
  add("closeAll", closeAll);
  add("settleClosing", settleClosing);
  add("stillCloses", stillCloses);
  add("dup", duplicate);
  add("pipe", newPipe);
  add("socketpair", newSocketpair);
  add("socket", newSocket);
  add("datagramSocket", newDatagramSocket);
  add("memfd", newMemfd);
  add("eventfd", newEventfd);
  add("lock", lock);
  add("setMode", setMode);
}

}  // namespace ancillary
