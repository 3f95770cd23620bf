import { malformed, type Outcome } from './malformed-calls';

// Cases of the suites that the model's interface has no words for, since its control messages are always well formed and
// its descriptors have no flags: on the kernel alone.

const refused = (code: string): Outcome => ({
  sent: -1,
  sendError: code,
  received: -1,
  receiveError: 'EAGAIN',
  truncated: false,
  descriptors: 0,
});
const came = { sent: 20, sendError: '', received: 20, receiveError: '', truncated: false, descriptors: 0 };

describe('the kernel', () => {
  test('gVisor UnixSocketPairCmsgTest.ShortCmsg: a control message shorter than its header fails with EINVAL', async () => {
    expect(await malformed('send: a length that is less than the header')).toEqual(refused('EINVAL'));
  });

  test('gVisor UnixSocketPairCmsgTest.NoDataCredPass: credentials without any fail with EINVAL', async () => {
    expect(await malformed('send: credentials without any')).toEqual(refused('EINVAL'));
  });

  test('gVisor UnixSocketPairCmsgTest.BasicFDPassNullControlMsgCtrunc: room at no address is no room', async () => {
    expect(await malformed('receive: room at no address')).toEqual({ ...came, truncated: true });
  });

  test('gVisor UnixSocketPairCmsgTest.CloexecDroppedWhenFDPassed: close-on-exec stays with the sender', async () => {
    expect(await malformed('receive: plainly')).toEqual({ ...came, descriptors: 1, closeOnExec: false });
  });

  test.each([
    'gVisor UnixSocketPairCmsgTest.CloexecRecvFDPass: MSG_CMSG_CLOEXEC makes what is received close-on-exec',
    'FreeBSD unix_passfd_test.simple_send_fd_msg_cmsg_cloexec: MSG_CMSG_CLOEXEC does so on Linux too',
  ])('%s', async () => {
    expect(await malformed('receive: with MSG_CMSG_CLOEXEC')).toEqual({ ...came, descriptors: 1, closeOnExec: true });
  });

  test('FreeBSD unix_passfd_test.copyout_rights_error, on Linux: a bad address is not EFAULT but MSG_CTRUNC, and leaks nothing', async () => {
    expect(await malformed('receive: room at a bad address')).toEqual({ ...came, truncated: true });
  });

  test('FreeBSD unix_passfd_test.empty_rights_message, on Linux: a header alone is no error, since no padding follows it', async () => {
    expect(await malformed('send: a header without descriptors')).toEqual(came);
  });

  test('LTP sendmsg01 invalid cmsg length: a control message of no length in no room is none', async () => {
    expect(await malformed('send: a control message without length, in none')).toEqual(came);
  });

  test('LTP sendmsg01 invalid cmsg pointer: control messages at a bad address fail with EFAULT', async () => {
    expect(await malformed('send: a control message at a bad address')).toEqual(refused('EFAULT'));
  });
});
