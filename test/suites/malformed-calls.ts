import { c } from '../support/children';

/**
 * Calls with control messages that no well-behaved program makes, or with flags on descriptors, which the interface of
 * the model has no words for. Each runs on a socket pair of its own, and tells what happened in one line of JSON.
 */
const PROGRAM = `
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int ends[2], file;
static char text[20] = "twenty bytes of text", received[20];
static union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(int))]; } control;
static const void *nowhere = (void *)-1;

static int open_count(void) {
  int count = 0;
  for (int fd = 0; fd < 100; fd++) count += fcntl(fd, F_GETFD) != -1;
  return count;
}

static void send_with(int type, size_t header_length, void *at, size_t length) {
  struct iovec data = { text, sizeof text };
  struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = at, .msg_controllen = length };
  control.header = (struct cmsghdr){ .cmsg_len = header_length, .cmsg_level = SOL_SOCKET, .cmsg_type = type };
  memcpy(CMSG_DATA(&control.header), &file, sizeof file);
  ssize_t sent = sendmsg(ends[0], &message, 0);
  printf("{\\"sent\\": %zd, \\"sendError\\": \\"%s\\"", sent, sent < 0 ? strerrorname_np(errno) : "");
}

static void send_file(void) { send_with(SCM_RIGHTS, CMSG_LEN(sizeof file), &control, sizeof control); }

static void receive_into(void *at, size_t length, int flags) {
  struct iovec data = { received, sizeof received };
  struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = at, .msg_controllen = length };
  int before = open_count();
  ssize_t count = recvmsg(ends[1], &message, flags | MSG_DONTWAIT);
  printf(", \\"received\\": %zd, \\"receiveError\\": \\"%s\\"", count, count < 0 ? strerrorname_np(errno) : "");
  printf(", \\"truncated\\": %s", message.msg_flags & MSG_CTRUNC ? "true" : "false");
  printf(", \\"descriptors\\": %d", open_count() - before);
}

static void receive(int flags) { receive_into(&control, sizeof control, flags); }

static void tell_close_on_exec(void) {
  int fd;
  memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
  printf(", \\"closeOnExec\\": %s", fcntl(fd, F_GETFD) & FD_CLOEXEC ? "true" : "false");
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (file < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 2;
  if (strcmp(what, "send: a length that is less than the header") == 0) {
    send_with(SCM_RIGHTS, 1, &control, sizeof control);
    receive(0);
  } else if (strcmp(what, "send: credentials without any") == 0) {
    send_with(SCM_CREDENTIALS, CMSG_LEN(0), &control, CMSG_SPACE(0));
    receive(0);
  } else if (strcmp(what, "send: a control message without length, in none") == 0) {
    send_with(SCM_RIGHTS, 0, &control, 0);
    receive(0);
  } else if (strcmp(what, "send: a control message at a bad address") == 0) {
    send_with(SCM_RIGHTS, CMSG_LEN(sizeof file), (void *)nowhere, CMSG_LEN(sizeof file));
    receive(0);
  } else if (strcmp(what, "send: a header without descriptors") == 0) {
    send_with(SCM_RIGHTS, sizeof control.header, &control, CMSG_SPACE(0));
    receive(0);
  } else if (strcmp(what, "receive: room at no address") == 0) {
    send_file();
    receive_into(NULL, CMSG_SPACE(1), 0);
  } else if (strcmp(what, "receive: room at a bad address") == 0) {
    send_file();
    receive_into((void *)nowhere, CMSG_SPACE(sizeof file), 0);
  } else if (strcmp(what, "receive: plainly") == 0) {
    send_file();
    receive(0);
    tell_close_on_exec();
  } else if (strcmp(what, "receive: with MSG_CMSG_CLOEXEC") == 0) {
    send_file();
    receive(MSG_CMSG_CLOEXEC);
    tell_close_on_exec();
  } else {
    return 3;
  }
  puts("}");
  return 0;
}
`;

export interface Outcome {
  readonly sent: number;
  /** An errno's name, or empty. */
  readonly sendError: string;
  readonly received: number;
  readonly receiveError: string;
  /** MSG_CTRUNC. */
  readonly truncated: boolean;
  /** How many more descriptors are open behind the receive than before it. */
  readonly descriptors: number;
  readonly closeOnExec?: boolean;
}

/** Makes one of the calls of the program above on the running kernel. */
export async function malformed(what: string): Promise<Outcome> {
  const { stdout } = await c(PROGRAM, { args: [what] }).succeeded();
  return JSON.parse(stdout) as Outcome;
}
