import type { Credentials, SendMessage } from '../../packages/binding-model/kernel';

/** Control messages as 64-bit little-endian Linux lays them out: size_t length, int level, int type, payload. */
const HEADER = 16;
const ALIGNMENT = 8;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const SCM_CREDENTIALS = 2;
const SCM_PIDFD = 4;
const CREDENTIALS_LENGTH = 12;
const FD_LENGTH = 4;

/** What sendmsg is given: credentials first, then one message for each list of descriptors. Null for none at all. */
export function encodeControl({ fds = [], credentials }: SendMessage): Buffer | null {
  const messages = fds.map((list) => encode(SCM_RIGHTS, list));
  if (credentials !== undefined) {
    messages.unshift(encode(SCM_CREDENTIALS, [credentials.pid, credentials.uid, credentials.gid]));
  }
  return messages.length === 0 ? null : Buffer.concat(messages);
}

/** What recvmsg filled in. */
export interface DecodedControl {
  fds: number[];
  credentials?: Credentials;
  pidfd?: number;
}

/** @param control exactly the part that the kernel says it filled, which may end inside a message */
export function decodeControl(control: Buffer): DecodedControl {
  const decoded: DecodedControl = { fds: [] };
  for (let start = 0; start + HEADER <= control.length;) {
    const length = control.readUInt32LE(start);
    const payload = control.subarray(start + HEADER, start + length);
    const level = control.readInt32LE(start + 8);
    const type = control.readInt32LE(start + 12);
    if (level !== SOL_SOCKET || length < HEADER)
      throw new Error(`a control message of level ${level}, length ${length}`);
    decodeInto(decoded, type, payload);
    start += spaceOf(length);
  }
  return decoded;
}

function decodeInto(decoded: DecodedControl, type: number, payload: Buffer): void {
  switch (type) {
    case SCM_RIGHTS:
      for (let at = 0; at + FD_LENGTH <= payload.length; at += FD_LENGTH) decoded.fds.push(payload.readInt32LE(at));
      return;
    case SCM_CREDENTIALS:
      // Cut off where the room ends; a part of them tells nothing.
      if (payload.length < CREDENTIALS_LENGTH) return;
      decoded.credentials = {
        pid: payload.readInt32LE(0),
        uid: payload.readUInt32LE(4),
        gid: payload.readUInt32LE(8),
      };
      return;
    case SCM_PIDFD:
      decoded.pidfd = payload.readInt32LE(0);
      return;
    default:
      throw new Error(`a control message of type ${type}`);
  }
}

function encode(type: number, payload: readonly number[]): Buffer {
  const length = HEADER + payload.length * FD_LENGTH;
  const message = Buffer.alloc(spaceOf(length));
  message.writeUInt32LE(length, 0);
  message.writeInt32LE(SOL_SOCKET, 8);
  message.writeInt32LE(type, 12);
  payload.forEach((value, index) => message.writeInt32LE(value | 0, HEADER + index * FD_LENGTH));
  return message;
}

function spaceOf(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}
