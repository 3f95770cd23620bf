#include <arpa/inet.h>
#include <napi.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

#include "js_arguments.h"
#include "js_environment.h"
#include "js_functions.h"
#include "unix_address.h"

namespace ancillary {
namespace {

using Info = const Napi::CallbackInfo&;

/** The arguments (fd, address) of bind(2) and connect(2). False, and `answered` is what to return then. */
bool readAddress(Info info, int& fd, UnixAddress& address, Napi::Value& answered) {
  Bytes bytes;
  answered = info.Env().Undefined();
  if (!readInt(info, 0, "fd", fd) || !readBytes(info.Env(), info[1], "address", bytes)) return false;
  const int error = address.assign(bytes.data, bytes.size);
  if (error != 0) answered = answer(info, error);
  return error == 0;
}

Napi::Value bindSocket(Info info) {
  int fd;
  UnixAddress address;
  Napi::Value answered;
  if (!readAddress(info, fd, address, answered)) return answered;
  return answerCall(info, ::bind(fd, address.get(), address.length()));
}

Napi::Value connectSocket(Info info) {
  int fd;
  UnixAddress address;
  Napi::Value answered;
  if (!readAddress(info, fd, address, answered)) return answered;
  const int result = ::connect(fd, address.get(), address.length());
  if (result == 0) JsEnvironment::of(info.Env()).ledger.setConnected(fd);
  return answerCall(info, result);
}

Napi::Value listenSocket(Info info) {
  int fd;
  int backlog;
  if (!readInt(info, 0, "fd", fd) || !readInt(info, 1, "backlog", backlog)) return info.Env().Undefined();
  return answerCall(info, ::listen(fd, backlog));
}

Napi::Value unixAddress(Info info, bool peer) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  UnixAddress address;
  const int error = address.query(fd, peer);
  if (error != 0) return answer(info, error);
  return Napi::Buffer<unsigned char>::Copy(info.Env(), address.bytes(), address.size());
}

Napi::Value localAddress(Info info) { return unixAddress(info, false); }
Napi::Value peerAddress(Info info) { return unixAddress(info, true); }

Napi::Value inetAddress(Info info) {
  int fd;
  bool remote;
  if (!readInt(info, 0, "fd", fd) || !readBool(info, 1, "remote", remote)) return info.Env().Undefined();
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  sockaddr* const address = reinterpret_cast<sockaddr*>(&storage);
  if ((remote ? getpeername(fd, address, &length) : getsockname(fd, address, &length)) < 0) {
    return answerCall(info, -1);
  }
  char host[INET6_ADDRSTRLEN];
  if (storage.ss_family == AF_INET) {
    sockaddr_in inet;
    std::memcpy(&inet, &storage, sizeof inet);
    if (inet_ntop(AF_INET, &inet.sin_addr, host, sizeof host) == nullptr) return answerCall(info, -1);
    return Napi::String::New(info.Env(), std::string(host) + ":" + std::to_string(ntohs(inet.sin_port)));
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 inet;
    std::memcpy(&inet, &storage, sizeof inet);
    if (inet_ntop(AF_INET6, &inet.sin6_addr, host, sizeof host) == nullptr) return answerCall(info, -1);
    return Napi::String::New(info.Env(), "[" + std::string(host) + "]:" + std::to_string(ntohs(inet.sin6_port)));
  }
  return answer(info, -EAFNOSUPPORT);
}

}  // namespace

void exportAddressOps(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, Napi::Value (*function)(Info)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("bind", bindSocket);
  add("connect", connectSocket);
  add("listen", listenSocket);
  add("localAddress", localAddress);
  add("peerAddress", peerAddress);
  add("inetAddress", inetAddress);
}

}  // namespace ancillary
