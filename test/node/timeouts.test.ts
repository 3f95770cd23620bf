import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { behaviours, closed, errorWith, record } from './behaviours';

behaviours('timeouts', {
  async [`emits 'timeout' where nothing goes through, and leaves the rest to its listeners`](world) {
    const [client] = await world.pair();
    expect(client.setTimeout(5)).toBe(client);
    await once(client, 'timeout');
    expect([client.timeout, client.destroyed, client.writable]).toEqual([5, false, true]);
  },

  async 'takes a listener, which is called once'(world) {
    const [client, server] = await world.pair();
    server.resume();
    let called = 0;
    client.setTimeout(2, () => called++);
    await once(client, 'timeout');
    client.write('again');
    await once(client, 'timeout');
    expect(called).toBe(1);
  },

  async 'begins anew with traffic, also when it was over'(world) {
    const [client, server] = await world.pair();
    client.resume();
    client.setTimeout(2);
    await once(client, 'timeout');
    server.write('something');
    await once(client, 'timeout');
    client.write('something');
    await once(client, 'timeout');
  },

  async 'is none with 0, which takes a listener back'(world) {
    const [client] = await world.pair();
    const listener = (): void => undefined;
    client.setTimeout(1_000_000, listener);
    expect(client.listenerCount('timeout')).toBe(1);
    client.setTimeout(0, listener);
    expect([client.listenerCount('timeout'), client.timeout]).toEqual([0, 0]);
  },

  async 'is over when the socket closes'(world) {
    const [client] = await world.pair();
    const heard = record(client, 'timeout');
    client.setTimeout(1);
    client.destroy();
    await once(world.connect().setTimeout(10), 'timeout');
    expect(heard).toEqual([]);
  },

  async 'does nothing on a closed socket'(world) {
    const [client] = await world.pair();
    client.destroy();
    await closed(client);
    expect(client.setTimeout(1)).toBe(client);
    expect(client.timeout).toBeUndefined();
  },

  async 'refuses what is no time and no listener'(world) {
    const [client] = await world.pair();
    for (const time of ['5', null, {}, true]) {
      expect(() => client.setTimeout(time as never)).toThrow(errorWith({ code: 'ERR_INVALID_ARG_TYPE' }));
    }
    for (const time of [-1, NaN, Infinity]) {
      expect(() => client.setTimeout(time)).toThrow(errorWith({ code: 'ERR_OUT_OF_RANGE' }));
    }
    const refused = (): unknown => client.setTimeout(1, 'x' as never);
    expect(refused).toThrow(errorWith({ code: 'ERR_INVALID_ARG_TYPE' }));
    client.setTimeout(0);
  },

  async 'a server may close a client that is silent'(world) {
    await world.listen((socket) => {
      socket.resume();
      socket.setTimeout(5, () => socket.end('too slow'));
    });
    expect(await text(world.connect())).toBe('too slow');
  },

  async 'comes while a write waits for a peer that does not read'(world) {
    const [client] = await world.pair();
    client.write(Buffer.alloc(5_000_000));
    client.setTimeout(5);
    await once(client, 'timeout');
    expect(client.writableLength).toBeGreaterThan(0);
  },

  async 'what concerns TCP does nothing, and returns the socket'(world) {
    const [client] = await world.pair();
    expect(client.setNoDelay()).toBe(client);
    expect(client.setNoDelay(true).setNoDelay(false)).toBe(client);
    expect(client.setKeepAlive(true, 1_000).setKeepAlive(false)).toBe(client);
    expect(client.ref().unref().ref()).toBe(client);
    expect(() => client.resetAndDestroy()).toThrow(errorWith({ code: 'ERR_INVALID_HANDLE_TYPE' }));
    expect(client.destroyed).toBe(false);
  },

  async 'a Unix socket has no addresses'(world) {
    for (const socket of await world.pair()) {
      const { remoteAddress, remotePort, remoteFamily, localAddress, localPort } = socket;
      expect({ remoteAddress, remotePort, remoteFamily, localAddress, localPort }).toEqual({});
      expect(socket.address()).toEqual({});
    }
  },
});
