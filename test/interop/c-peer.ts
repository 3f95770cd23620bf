/**
 * What the C programs of these tests share: descriptors passed one at a time in the way most C programs do it, a byte and
 * a control message for one int. A program is this text followed by its `main`; the socket is descriptor 3.
 */
export const C_PEER = String.raw`
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEER 3
#define MAY_BE_UNUSED __attribute__((unused)) static

MAY_BE_UNUSED void must(int holds, const char *what) {
  if (holds) return;
  perror(what);
  exit(1);
}

/* Our ends are non-blocking. */
MAY_BE_UNUSED void wait_on(int socket) {
  must(fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) & ~O_NONBLOCK) == 0, "fcntl");
}

MAY_BE_UNUSED void say(const char *text) {
  puts(text);
  fflush(stdout);
}

MAY_BE_UNUSED void say_file(int fd) {
  struct stat info;
  must(fstat(fd, &info) == 0, "fstat");
  printf("%llu:%llu\n", (unsigned long long)info.st_dev, (unsigned long long)info.st_ino);
  fflush(stdout);
}

MAY_BE_UNUSED int new_file(void) {
  int fd = memfd_create("peer", 0);
  must(fd >= 0, "memfd_create");
  return fd;
}

/* A zero byte and one descriptor. Some give the length of the message, some the room it takes up: both are right. */
MAY_BE_UNUSED int send_fd(int socket, int fd, int whole_room) {
  char nothing = 0;
  struct iovec data = {&nothing, 1};
  union {
    struct cmsghdr aligned;
    char room[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct msghdr message = {0};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  message.msg_controllen = whole_room ? CMSG_SPACE(sizeof(int)) : rights->cmsg_len;
  return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* The descriptor; -1 with errno when nothing came, EPIPE for the end of the stream, ENODATA for a byte alone. */
MAY_BE_UNUSED int receive_fd(int socket, int whole_room) {
  char data;
  struct iovec into = {&data, 1};
  union {
    struct cmsghdr aligned;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr message = {0};
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = whole_room ? sizeof control : CMSG_LEN(sizeof(int));
  ssize_t got = recvmsg(socket, &message, 0);
  if (got < 0) return -1;
  if (got == 0) {
    errno = EPIPE;
    return -1;
  }
  struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  if (rights == NULL || rights->cmsg_type != SCM_RIGHTS || rights->cmsg_len != CMSG_LEN(sizeof(int))) {
    errno = ENODATA;
    return -1;
  }
  int fd;
  memcpy(&fd, CMSG_DATA(rights), sizeof fd);
  return fd;
}
`;
