import { adopt, type FdSocket, type FdSocketOptions, socketpair } from '../../packages/ancillary';
import { addon, nativeBinding } from '../../packages/binding-native';
import { glue, type SenderRule } from './gluing';
import type { Pool } from './pool';
import { randomNumbers, type Traffic } from './traffic';

/** A socket to read from, and what fills it. */
export interface Wire extends Disposable {
  readonly socket: FdSocket;
  /** Sends everything, then ends the stream. */
  readonly sending: Promise<void>;
}

/** How the other end sends. */
export interface Sending {
  readonly traffic: Traffic;
  readonly pool: Pool;
  readonly seed: number;
  /** SO_SNDBUF of the sending end; 0 leaves it as it is. Small ones make for partial writes. */
  readonly sendBuffer: number;
}

// More than one frame's worth is allowed, so that frames of several sendmsg pass.
const OPTIONS: FdSocketOptions = { maxFdsPerFrame: 20_000 };

/** FdSocket at both ends: plain frames go by write() or send(), sometimes waited for, sometimes not. */
export function fromFdSocket(sending: Sending): Wire {
  const [sender, socket] = socketpair(OPTIONS);
  shrink(sender.fd, sending.sendBuffer);
  return {
    socket,
    sending: sendFrames(sender, sending),
    [Symbol.dispose]() {
      sender.destroy();
      socket.destroy();
    },
  };
}

async function sendFrames(sender: FdSocket, { traffic, pool, seed }: Sending): Promise<void> {
  const random = randomNumbers(seed);
  const pending: Promise<void>[] = [];
  for (const { bytes, fds } of traffic.frames) {
    if (fds.length === 0 && random(0, 2) === 0) sender.write(bytes);
    else pending.push(sender.send(bytes, pool.numbers(fds)));
    if (random(0, 3) === 0) await Promise.all(pending);
  }
  const last = Promise.all(pending);
  sender.end();
  await last;
}

/** A peer that glues frames together and takes them apart as its rule allows; each message is one sendmsg. */
export function fromGluingPeer(rule: SenderRule): (sending: Sending) => Wire {
  return (sending) => {
    const [ours, theirs] = nativeBinding.socketpair();
    const socket = adopt(ours, OPTIONS);
    shrink(theirs.fd, sending.sendBuffer);
    let writable: () => void = () => undefined;
    const peer = nativeBinding.open(theirs, {
      inbox: { deliver: () => undefined },
      hangup: () => undefined,
      failed: () => undefined,
      writable: () => {
        writable();
      },
    });

    async function sendMessages(): Promise<void> {
      const { traffic, pool, seed } = sending;
      for (const { start, end, fds } of glue(traffic, rule, seed)) {
        let numbers: readonly number[] = pool.numbers(fds);
        for (let at = start; at < end;) {
          const { accepted, error } = peer.sendParts([{ bytes: traffic.stream.subarray(at, end), fds: numbers }]);
          if (accepted > 0) numbers = [];
          at += accepted;
          if (error === undefined) continue;
          if (error !== 'EAGAIN') throw new Error(`the peer could not send: ${error}`);
          await new Promise<void>((resolve) => {
            writable = resolve;
            peer.watchWritable();
          });
        }
      }
      peer.shutdown();
    }

    return {
      socket,
      sending: sendMessages(),
      [Symbol.dispose]() {
        peer.close();
        socket.destroy();
      },
    };
  };
}

function shrink(fd: number, sendBuffer: number): void {
  if (sendBuffer > 0) addon.setSocketOption(fd, addon.constants.SO_SNDBUF, sendBuffer);
}
