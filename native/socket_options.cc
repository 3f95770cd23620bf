#include <fcntl.h>
#include <napi.h>
#include <sys/socket.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "control_message.h"
#include "js_arguments.h"
#include "js_functions.h"

namespace ancillary {
namespace {

using Info = const Napi::CallbackInfo&;

Napi::Value getSocketOption(Info info) {
  int fd;
  int option;
  if (!readInt(info, 0, "fd", fd) || !readInt(info, 1, "option", option)) return info.Env().Undefined();
  int value = 0;
  socklen_t length = sizeof value;
  return answerCall(info, getsockopt(fd, SOL_SOCKET, option, &value, &length) < 0 ? -1 : value);
}

Napi::Value setSocketOption(Info info) {
  int fd;
  int option;
  int value;
  if (!readInt(info, 0, "fd", fd) || !readInt(info, 1, "option", option) || !readInt(info, 2, "value", value)) {
    return info.Env().Undefined();
  }
  return answerCall(info, setsockopt(fd, SOL_SOCKET, option, &value, sizeof value));
}

Napi::Object constants(Napi::Env env) {
  Napi::Object object = Napi::Object::New(env);
  const auto add = [&](const char* name, int value) { object.Set(name, Napi::Number::New(env, value)); };
  add("SO_TYPE", SO_TYPE);
  add("SO_ACCEPTCONN", SO_ACCEPTCONN);
  add("SO_SNDBUF", SO_SNDBUF);
  add("SO_RCVBUF", SO_RCVBUF);
  add("SO_OOBINLINE", SO_OOBINLINE);
  add("SOCK_STREAM", SOCK_STREAM);
  add("SOCK_DGRAM", SOCK_DGRAM);
  add("SOCK_SEQPACKET", SOCK_SEQPACKET);
  add("AF_UNIX", AF_UNIX);
  add("AF_INET", AF_INET);
  add("AF_INET6", AF_INET6);
  add("O_ACCMODE", O_ACCMODE);
  add("O_RDONLY", O_RDONLY);
  add("O_WRONLY", O_WRONLY);
  add("O_RDWR", O_RDWR);
  add("MSG_CTRUNC", MSG_CTRUNC);
  add("MSG_TRUNC", MSG_TRUNC);
  add("SCM_MAX_FD", static_cast<int>(kMaxFds));
#ifdef __linux__
  add("SO_DOMAIN", SO_DOMAIN);
  add("O_PATH", O_PATH);
  add("MSG_CMSG_CLOEXEC", MSG_CMSG_CLOEXEC);
  add("F_SEAL_SEAL", F_SEAL_SEAL);
  add("F_SEAL_SHRINK", F_SEAL_SHRINK);
  add("F_SEAL_GROW", F_SEAL_GROW);
  add("F_SEAL_WRITE", F_SEAL_WRITE);
  add("F_SEAL_FUTURE_WRITE", 0x0010);  // Linux 5.1; older headers lack it
  add("SO_PASSRIGHTS", 83);  // Linux 6.16; older headers lack it
#else
  add("SO_PASSRIGHTS", -1);
#endif
  return object;
}

}  // namespace

void exportSocketOptions(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, Napi::Value (*function)(Info)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("getSocketOption", getSocketOption);
  add("setSocketOption", setSocketOption);
  exports.Set("constants", constants(env));
}

}  // namespace ancillary
