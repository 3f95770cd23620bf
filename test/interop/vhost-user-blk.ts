import { once } from 'node:events';
import { readSync, writeSync } from 'node:fs';
import { type FdSocket, fds, type OwnedFd } from '../../packages/ancillary';
import { type OutgoingVhostUserMessage, type VhostUserMessage, vhostUserMessages } from '../../packages/codec';
import { type Framed, framed } from '../../packages/rpc';

// A frontend of vhost-user-blk: a disk that another process serves, with one queue of one request at a time. Numbers are those of
// the "Message types" of vhost-user; the queue and its requests are those of virtio 1.2, 2.7 "Split Virtqueues" and 5.2.6.

const GET_FEATURES = 1;
const SET_FEATURES = 2;
const SET_OWNER = 3;
const SET_MEM_TABLE = 5;
const SET_VRING_NUM = 8;
const SET_VRING_ADDR = 9;
const SET_VRING_BASE = 10;
const SET_VRING_KICK = 12;
const SET_VRING_CALL = 13;
const GET_PROTOCOL_FEATURES = 15;
const SET_PROTOCOL_FEATURES = 16;
const SET_VRING_ENABLE = 18;
const GET_CONFIG = 24;
const GET_INFLIGHT_FD = 31;

/** VHOST_USER_F_PROTOCOL_FEATURES and VIRTIO_F_VERSION_1. */
const FEATURES = (1n << 30n) | (1n << 32n);
/** VHOST_USER_PROTOCOL_F_REPLY_ACK and _CONFIG. */
const PROTOCOL_FEATURES = (1n << 3n) | (1n << 9n);

export const SECTOR = 512;
const QUEUE_SIZE = 4;
/** Where things lie in the memory that both have, and where that is for the other. */
const ADDRESS = 0x4000_0000;
const MEMORY = 0x10_000;
const DESCRIPTORS = 0;
const AVAILABLE = 0x1000;
const USED = 0x2000;
const HEADER = 0x3000;
const DATA = 0x4000;
const STATUS = 0x5000;
/** Flags of a descriptor of the queue: another one follows; the device writes it. */
const NEXT = 1;
const WRITE = 2;

function numbers(...given: readonly bigint[]): Buffer {
  return Buffer.from(BigUint64Array.from(given).buffer);
}

function words(...given: readonly number[]): Buffer {
  return Buffer.from(Uint32Array.from(given).buffer);
}

export class VhostUserDisk {
  readonly #connection: Framed<VhostUserMessage, OutgoingVhostUserMessage>;
  readonly #replies: AsyncIterator<VhostUserMessage>;
  readonly #memory = fds.memfd('memory of a virtual machine', MEMORY);
  readonly #kick = fds.eventfd();
  #requests = 0;
  messages = 0;

  constructor(socket: FdSocket) {
    this.#connection = framed(socket, vhostUserMessages());
    this.#replies = this.#connection[Symbol.asyncIterator]();
  }

  /** How many sectors it has. */
  async open(): Promise<bigint> {
    await this.#ask({ request: GET_FEATURES });
    await this.#set({ request: SET_FEATURES, payload: numbers(FEATURES) }, false);
    await this.#ask({ request: GET_PROTOCOL_FEATURES });
    await this.#set({ request: SET_PROTOCOL_FEATURES, payload: numbers(PROTOCOL_FEATURES) }, false);
    await this.#set({ request: SET_OWNER });
    const config = await this.#ask({
      request: GET_CONFIG,
      payload: Buffer.concat([words(0, 60, 0), Buffer.alloc(60)]),
    });
    const region = numbers(0n, BigInt(MEMORY), BigInt(ADDRESS), 0n);
    await this.#set({ request: SET_MEM_TABLE, payload: Buffer.concat([words(1, 0), region]), fds: [this.#memory] });
    await this.#set({ request: SET_VRING_NUM, payload: words(0, QUEUE_SIZE) });
    await this.#set({ request: SET_VRING_BASE, payload: words(0, 0) });
    const rings = [DESCRIPTORS, USED, AVAILABLE].map((offset) => BigInt(ADDRESS + offset));
    await this.#set({ request: SET_VRING_ADDR, payload: Buffer.concat([words(0, 0), numbers(...rings, 0n)]) });
    await this.#set({ request: SET_VRING_KICK, payload: numbers(0n), fds: [this.#kick] });
    await this.#set({ request: SET_VRING_ENABLE, payload: words(0, 1) });
    return config.payload.readBigUInt64LE(12);
  }

  /** A file that the other end made, for requests in flight. */
  async inflightFd(): Promise<OwnedFd | undefined> {
    const payload = Buffer.alloc(24);
    payload.writeUInt16LE(1, 16);
    payload.writeUInt16LE(QUEUE_SIZE, 18);
    return (await this.#ask({ request: GET_INFLIGHT_FD, payload })).fds[0];
  }

  /**
   * Writes a sector, or reads it into the memory. It is told by a new eventfd each time when that is done, and asked in between,
   * without a descriptor, for its features. @returns whether the device did it
   */
  async transfer(kind: 'read' | 'write', sector: number, data: Buffer): Promise<boolean> {
    using call = fds.eventfd();
    const setting = this.#set({ request: SET_VRING_CALL, payload: numbers(0n), fds: [call] });
    const asking = this.#ask({ request: GET_FEATURES });
    await Promise.all([setting, asking]);
    const header = Buffer.alloc(16);
    header.writeUInt32LE(kind === 'read' ? 0 : 1);
    header.writeBigUInt64LE(BigInt(sector), 8);
    this.#put(HEADER, header);
    this.#put(STATUS, Buffer.of(0xff));
    if (kind === 'write') this.#put(DATA, data);
    this.#describe(0, HEADER, header.length, NEXT, 1);
    this.#describe(1, DATA, SECTOR, kind === 'read' ? NEXT | WRITE : NEXT, 2);
    this.#describe(2, STATUS, 1, WRITE, 0);
    // The ring has the number of the first descriptor, which is always the same; then it is told that there is one more.
    this.#requests++;
    this.#put(AVAILABLE + 2, Buffer.from(Uint16Array.of(this.#requests).buffer));
    writeSync(this.#kick.fd, numbers(1n));
    const called = fds.toReadStream(call);
    // It is called also when it has only learnt whom to call.
    while (this.#get(USED + 2, 2).readUInt16LE() !== (this.#requests & 0xffff)) await once(called, 'data');
    called.destroy();
    await once(called, 'close');
    if (kind === 'read') this.#get(DATA, SECTOR).copy(data);
    return this.#get(STATUS, 1)[0] === 0;
  }

  close(): void {
    this.#memory.close();
    this.#kick.close();
  }

  async #ask(message: OutgoingVhostUserMessage): Promise<VhostUserMessage> {
    this.messages++;
    await this.#connection.send(message);
    const { value } = (await this.#replies.next()) as IteratorResult<VhostUserMessage, never>;
    this.messages++;
    if (!value.reply || value.request !== message.request) throw new Error(`no reply to ${message.request}`);
    return value;
  }

  /** Has it acknowledged. */
  async #set(message: OutgoingVhostUserMessage, acknowledged = true): Promise<void> {
    if (acknowledged) {
      const { payload } = await this.#ask({ ...message, needReply: true });
      if (payload.readBigUInt64LE() !== 0n) throw new Error(`${message.request} was refused`);
      return;
    }
    this.messages++;
    await this.#connection.send(message);
  }

  /** A descriptor of the queue: a stretch of the memory, by its address there. */
  #describe(index: number, offset: number, length: number, flags: number, next: number): void {
    const descriptor = Buffer.alloc(16);
    descriptor.writeBigUInt64LE(BigInt(offset));
    descriptor.writeUInt32LE(length, 8);
    descriptor.writeUInt16LE(flags, 12);
    descriptor.writeUInt16LE(next, 14);
    this.#put(DESCRIPTORS + 16 * index, descriptor);
  }

  #put(offset: number, bytes: Buffer): void {
    writeSync(this.#memory.fd, bytes, 0, bytes.length, offset);
  }

  #get(offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    readSync(this.#memory.fd, bytes, 0, length, offset);
    return bytes;
  }
}
