import { connect, type FdSocket, OwnedFd } from '../../packages/ancillary';
import { type DBusMessage, dbusMessages, type DBusOutgoing } from '../../packages/codec';
import { type DBusHandshake, dbusHandshake } from '../../packages/codec/dbus';
import { type Framed, framed } from '../../packages/rpc';
import { SERVICE, SERVICE_PATH } from './dbus-service';

/** What dbus-native makes messages of, and what it reads in them. */
export interface NativeMessage {
  readonly type?: number;
  readonly serial?: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly destination?: string;
  readonly replySerial?: number;
  readonly signature?: string;
  readonly body?: readonly unknown[];
  /** Only their number goes into the message. */
  readonly fds?: readonly unknown[];
}

interface Marshalling {
  marshall: (message: NativeMessage) => Buffer;
  unmarshall: (bytes: Buffer) => NativeMessage;
}

/** A library of D-Bus, for bodies, which our codec leaves alone. It has no types for this part of it. */
export const { marshall, unmarshall } = jest.requireActual<Marshalling>('dbus-native/lib/message.js');

/** The first call on a bus. */
export const HELLO = {
  type: 1,
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
  member: 'Hello',
};
/** Where the service's methods are. */
export const TARGET = { destination: SERVICE, path: SERVICE_PATH, interface: SERVICE };

/** A connection on which the handshake is over. */
export async function connectToBus(at: string): Promise<FdSocket & DBusHandshake> {
  const socket = await connect(at);
  return Object.assign(socket, await dbusHandshake(socket));
}

/** A client of a bus over our codec, which has said Hello. Calls may be made while others are not answered. */
export class BusClient implements AsyncDisposable {
  readonly connection: Framed<DBusMessage, DBusOutgoing>;
  readonly #waiting = new Map<number, (reply: DBusMessage) => void>();
  readonly #ended: Promise<unknown>;
  #serial = 0;

  static async connect(at: string): Promise<BusClient> {
    const client = new BusClient(framed(await connectToBus(at), dbusMessages()));
    await client.call(HELLO);
    return client;
  }

  constructor(connection: Framed<DBusMessage, DBusOutgoing>) {
    this.connection = connection;
    this.#ended = this.#read().catch((error: unknown) => error);
  }

  /** The reply, whose descriptors are the caller's; never, when the connection ends before: see {@link ended}. */
  async call(message: NativeMessage, fds: readonly OwnedFd[] = []): Promise<DBusMessage> {
    const serial = ++this.#serial;
    const reply = this.reply(serial);
    await this.connection.send({ bytes: marshall({ type: 1, ...message, serial, fds }), fds });
    return await reply;
  }

  /** The reply to a message with this serial. */
  reply(serial: number): Promise<DBusMessage> {
    return new Promise((resolve) => this.#waiting.set(serial, resolve));
  }

  /** Settles when nothing more comes: with the reason, if it is an error. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
    await this.#ended;
  }

  async #read(): Promise<void> {
    for await (const message of this.connection) {
      const resolve = this.#waiting.get(message.replySerial ?? 0);
      this.#waiting.delete(message.replySerial ?? 0);
      if (resolve === undefined) OwnedFd.closeAll(message.fds);
      else resolve(message);
    }
  }
}
