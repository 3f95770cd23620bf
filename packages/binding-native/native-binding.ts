// Not the global ones: sockets go on where a test has fake ones, but for what it waits for itself.
import { clearInterval, setInterval } from 'node:timers';
import { type ListeningBinding, OwnedFd, type SocketBinding } from '../binding';
import { addon } from './addon';
import { nativeDescriptors } from './native-descriptor-table';
import { checked } from './native-failure';
import { nativeListening } from './native-listening';
import { nativePeers } from './native-peers';
import { openSocket } from './native-socket';

const LONGEST_MS = 2 ** 31 - 1;

/** The real kernel: every call is one of native/, which answers errnos that become errors here. */
export const nativeBinding: SocketBinding & ListeningBinding = {
  ...nativeListening,
  // The only kernel native/ is run on; others anchor on the first byte (docs/kernel.md 24).
  anchor: 'last-byte',
  descriptors: nativeDescriptors,
  realTime: true,
  peers: nativePeers,
  open: openSocket,

  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },

  every(milliseconds, callback) {
    // Not more than Node takes, which would make it 1.
    const timer = setInterval(callback, Math.min(milliseconds, LONGEST_MS)).unref();
    return () => clearInterval(timer);
  },

  socketpair() {
    const pair = new Int32Array(2);
    checked(addon.socketpair(pair), 'socketpair');
    const [first = -1, second = -1] = pair;
    return [OwnedFd.ofLedger(first, nativeDescriptors), OwnedFd.ofLedger(second, nativeDescriptors)];
  },
};
