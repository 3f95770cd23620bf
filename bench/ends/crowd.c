/*
 * crowd PATH
 *
 * Many clients of one server, so that the server is measured alone. Told by pairs of 32-bit numbers on descriptor 4, in
 * the byte order of the machine: how many connections to have, and how many frames to send on each now. Answers each
 * with a byte. A frame is 64 bytes: a length of 58, no descriptors, 58 zeros.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONTROL 4
#define MAX_CONNECTIONS 100000

static void must(int holds, const char *what) {
  if (holds) return;
  perror(what);
  exit(1);
}

static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  must(strlen(path) < sizeof address.sun_path, "path");
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(fd >= 0, "socket");
  must(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
  return fd;
}

int main(int argc, char **argv) {
  must(argc == 2, "arguments");
  static int connections[MAX_CONNECTIONS];
  static const char frame[64] = {0, 0, 0, 58};
  uint32_t open = 0;
  uint32_t wanted[2];
  for (;;) {
    ssize_t got = recv(CONTROL, wanted, sizeof wanted, MSG_WAITALL);
    if (got == 0) return 0;
    must(got == sizeof wanted && wanted[0] <= MAX_CONNECTIONS, "control");
    while (open < wanted[0]) connections[open++] = connect_to(argv[1]);
    for (uint32_t i = 0; i < open; i++) {
      for (uint32_t sent = 0; sent < wanted[1]; sent++) {
        must(send(connections[i], frame, sizeof frame, MSG_NOSIGNAL) == sizeof frame, "send");
      }
    }
    must(write(CONTROL, "", 1) == 1, "control");
  }
}
