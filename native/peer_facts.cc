#include <napi.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "js_arguments.h"
#include "js_environment.h"
#include "js_functions.h"

namespace ancillary {
namespace {

using Info = const Napi::CallbackInfo&;

#ifdef __linux__
// The kernel's numbers, where the headers are older than the kernel may be.
#ifdef SO_PEERGROUPS
constexpr int kPeerGroups = SO_PEERGROUPS;
#else
constexpr int kPeerGroups = 59;
#endif
#ifdef SO_PEERPIDFD
constexpr int kPeerPidfd = SO_PEERPIDFD;
#else
constexpr int kPeerPidfd = 77;
#endif

/**
 * What an option answers whose length is not known before: ERANGE says how much there is. That does not change while a socket is
 * connected (docs/kernel.md 55), so the second try has room.
 */
template <typename Element>
int readOption(int fd, int option, std::vector<Element>& into) {
  for (int tries = 0; tries < 2; ++tries) {
    socklen_t length = static_cast<socklen_t>(into.size() * sizeof(Element));
    if (getsockopt(fd, SOL_SOCKET, option, into.data(), &length) == 0) {
      into.resize(length / sizeof(Element));
      return 0;
    }
    if (errno != ERANGE) return -errno;
    into.resize((length + sizeof(Element) - 1) / sizeof(Element));
  }
  return -ERANGE;
}
#endif

Napi::Value peerCredentials(Info info) {
  int fd;
  std::int32_t* into;
  if (!readInt(info, 0, "fd", fd) || !readInts(info, 1, "into", 3, into)) return info.Env().Undefined();
#ifdef __linux__
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) return answerCall(info, -1);
  into[0] = static_cast<std::int32_t>(credentials.pid);
  into[1] = static_cast<std::int32_t>(credentials.uid);
  into[2] = static_cast<std::int32_t>(credentials.gid);
  return answer(info, 0);
#else
  return answer(info, -ENOSYS);
#endif
}

Napi::Value peerGroups(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
#ifdef __linux__
  std::vector<gid_t> groups(32);
  const int error = readOption(fd, kPeerGroups, groups);
  if (error != 0) return answer(info, error);
  const Napi::Array array = Napi::Array::New(info.Env(), groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    array.Set(static_cast<std::uint32_t>(i), Napi::Number::New(info.Env(), groups[i]));
  }
  return array;
#else
  return answer(info, -ENOSYS);
#endif
}

Napi::Value peerPidfd(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
#ifdef __linux__
  Ledger& ledger = JsEnvironment::of(info.Env()).ledger;
  const auto open = [fd] {
    int pidfd = -1;
    socklen_t length = sizeof pidfd;
    return getsockopt(fd, SOL_SOCKET, kPeerPidfd, &pidfd, &length) < 0 ? -errno : pidfd;
  };
  int pidfd = open();
  // Some numbers may be about to be free.
  if (pidfd == -EMFILE && ledger.waitForNumbers()) pidfd = open();
  if (pidfd >= 0) ledger.adopt(pidfd, Origin::made);
  return answer(info, pidfd);
#else
  return answer(info, -ENOSYS);
#endif
}

Napi::Value peerLabel(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
#ifdef __linux__
  std::vector<char> label(256);
  const int error = readOption(fd, SO_PEERSEC, label);
  if (error != 0) return answer(info, error);
  // SELinux counts the terminating zero, AppArmor has none.
  while (!label.empty() && label.back() == '\0') label.pop_back();
  return Napi::String::New(info.Env(), std::string(label.begin(), label.end()));
#else
  return answer(info, -ENOSYS);
#endif
}

Napi::Value effectiveUser(Info info) { return answer(info, static_cast<long>(geteuid())); }

}  // namespace

void exportPeerFacts(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, Napi::Value (*function)(Info)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("peerCredentials", peerCredentials);
  add("peerGroups", peerGroups);
  add("peerPidfd", peerPidfd);
  add("peerLabel", peerLabel);
  add("effectiveUser", effectiveUser);
}

}  // namespace ancillary
