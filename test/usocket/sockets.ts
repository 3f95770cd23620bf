import { closeSync } from 'node:fs';
import { USocket } from '../../packages/ancillary/usocket';
import { nativeBinding } from '../../packages/binding-native';
import { identity } from '../support/descriptors';

/** Two sockets that are connected to each other, made as usocket makes those that it accepts. */
export function usocketPair(): [USocket, USocket] {
  const [left, right] = nativeBinding.socketpair();
  return [new USocket({ fd: left.take() }), new USocket({ fd: right.take() })];
}

export const HEADER = 16;

/** A message as D-Bus has them: a header of 16 bytes, which says how long the body is, and which one it is. */
export function message(index: number, length = 40): Buffer {
  const bytes = Buffer.alloc(HEADER + length, index & 0xff);
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt32LE(index, 4);
  return bytes;
}

export interface Received {
  readonly index: number;
  readonly identities: readonly string[];
}

/** Reads messages as dbus-next does: `read(16)`, then `read(length, null)`; closes their descriptors. */
export function receiveMessages(socket: USocket, count: number): Promise<Received[]> {
  const received: Received[] = [];
  let header: Buffer | null = null;
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ['end', 'close']) socket.off(event, done);
      socket.off('readable', take);
      resolve(received);
    };
    const take = (): void => {
      while (received.length < count) {
        header ??= socket.read(HEADER) as Buffer | null;
        const body = header && socket.read(header.readUInt32LE(0), null);
        if (header === null || body === null) return;
        received.push({ index: header.readUInt32LE(4), identities: body.fds.map(identity) });
        for (const fd of body.fds) closeSync(fd);
        header = null;
      }
      done();
    };
    for (const event of ['end', 'close']) socket.on(event, done);
    socket.on('readable', take);
  });
}
