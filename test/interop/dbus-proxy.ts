import { type FdFrame, listen } from '../../packages/ancillary';
import { proxy } from '../../packages/ancillary/proxy';
import { type DBusMessage, dbusMessages } from '../../packages/codec';
import { dbusHandshake } from '../../packages/codec/dbus';
import { connectToBus } from './dbus-client';
import type { PrivateBus } from './private-bus';

/** What passed a proxy. */
export interface Passed {
  messages: number;
  fds: number;
  ambiguous: number;
  /** Messages that declare other descriptors than came. */
  wrong: number;
}

/** Programs connect to it as to the bus, and it to the bus for them; every message passes our codec. */
export interface DBusProxy extends AsyncDisposable {
  readonly path: string;
  /** The same as a D-Bus address. */
  readonly address: string;
  readonly passed: Passed;
  /** Why connections ended, other than by their end. */
  readonly failures: readonly Error[];
}

export async function startProxy(bus: PrivateBus): Promise<DBusProxy> {
  const passed: Passed = { messages: 0, fds: 0, ambiguous: 0, wrong: 0 };
  const failures: Error[] = [];
  const first = await connectToBus(bus.path);
  const { guid, unixFds } = first;
  first.destroy();
  const socket = `${bus.path}-proxy`;
  const listener = await listen(socket);
  const proxying = proxy<DBusMessage>(listener, bus.path, {
    codec: dbusMessages(),
    async handshake(client, server) {
      const agreed = await dbusHandshake(client, { side: 'server', guid, unixFds });
      await dbusHandshake(server, { unixFds: agreed.unixFds });
    },
    seen({ fds, ambiguous }: FdFrame, { message }) {
      passed.messages++;
      passed.fds += fds.length;
      if (ambiguous) passed.ambiguous++;
      if (message().unixFds !== fds.length) passed.wrong++;
    },
    ended({ error }) {
      if (error !== undefined) failures.push(error);
    },
  });
  return {
    path: socket,
    address: `unix:path=${socket}`,
    passed,
    failures,
    async [Symbol.asyncDispose]() {
      await listener.close();
      await proxying;
    },
  };
}
