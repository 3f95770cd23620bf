import { C_PEER } from './c-peer';

/**
 * The acknowledged hand-off of Apple's Technical Q&A QA1541: the sender puts one descriptor on a 'D' and waits for an 'A'.
 *
 * `LENGTH` is what the program takes the length of a control message with one descriptor for, and `ROOM` the bytes it
 * reserves for it. Put right they are CMSG_LEN and CMSG_SPACE. The Q&A's listing uses the size of a struct of a header and an
 * int for both, and that is 24 on a 64-bit system, where CMSG_LEN is 20 (docs/kernel.md 30).
 *
 * Arguments: `send` or `receive`, and how many. It tells each file it sends or receives, and what its calls return.
 */
function program(length: string, room: string): string {
  return `${C_PEER}
#define LENGTH (${length})
#define ROOM (${room})

struct header_and_int {
  struct cmsghdr header;
  int fd;
};

union control {
  struct cmsghdr aligned;
  char room[ROOM];
};

static struct msghdr message_with(struct iovec *data, union control *control) {
  struct msghdr message = {0};
  message.msg_iov = data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = LENGTH;
  return message;
}

static int send_and_wait(int fd) {
  char byte = 'D';
  struct iovec data = {&byte, 1};
  union control control = {0};
  struct msghdr message = message_with(&data, &control);
  control.aligned.cmsg_len = LENGTH;
  control.aligned.cmsg_level = SOL_SOCKET;
  control.aligned.cmsg_type = SCM_RIGHTS;
  memcpy(CMSG_DATA(&control.aligned), &fd, sizeof fd);
  if (sendmsg(PEER, &message, MSG_NOSIGNAL) != 1) return errno;
  ssize_t got = read(PEER, &byte, 1);
  if (got < 0) return errno;
  if (got == 0) return EPIPE;
  return byte == 'A' ? 0 : EINVAL;
}

static int receive_and_answer(int *fd) {
  char byte;
  struct iovec data = {&byte, 1};
  union control control;
  struct msghdr message = message_with(&data, &control);
  message.msg_controllen = ROOM;
  ssize_t got = recvmsg(PEER, &message, MSG_WAITALL);
  if (got < 0) return errno;
  if (got == 0) return EPIPE;
  struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  if (byte != 'D' || message.msg_flags != 0 || rights == NULL || rights->cmsg_len != LENGTH ||
      rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS)
    return EINVAL;
  memcpy(fd, CMSG_DATA(rights), sizeof *fd);
  return send(PEER, "A", 1, MSG_NOSIGNAL) == 1 ? 0 : errno;
}

int main(int words, char **word) {
  int sending = strcmp(word[1], "send") == 0;
  wait_on(PEER);
  for (int i = atoi(word[2]); i > 0; i--) {
    int fd = sending ? new_file() : -1;
    if (sending) say_file(fd);
    int error = sending ? send_and_wait(fd) : receive_and_answer(&fd);
    if (!sending && error == 0) say_file(fd);
    say(error == 0 ? "acknowledged" : strerrorname_np(error));
    if (error != 0) break;
    close(fd);
  }
  return 0;
}`;
}

export const QA1541 = program('CMSG_LEN(sizeof(int))', 'CMSG_SPACE(sizeof(int))');
export const QA1541_AS_PRINTED = program('sizeof(struct header_and_int)', 'sizeof(struct header_and_int)');
