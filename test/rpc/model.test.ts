import { modelSocketPair } from '../../packages/ancillary/testing';
import type { OwnedFd } from '../../packages/binding';
import { give, rpc } from '../../packages/rpc';

// rpc() on the model of the kernel alone: in this file the process has no descriptors of its own to lend.

const SEEDS = 40;

test('calls and iterators over a model leave nothing open, whatever reads return', async () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const pair = modelSocketPair({ seed, sndbuf: 4608 });
    const { world } = pair;
    const [left, right] = pair;
    /** In the process of the client, or of the server. */
    const open = (name: string, place: 0 | 1 = 1): OwnedFd => world.open(name, place);
    const handlers = {
      open: ({ name, file }: { name: string; file: OwnedFd }) => ({
        file: give(open(`for ${name}`)),
        was: world.identity(file),
      }),
      async *each(files: OwnedFd[]) {
        for (const file of files) yield await Promise.resolve({ file, is: world.identity(file) });
      },
      bad: () => ({ file: give(open('bad')), big: 1n as unknown }),
    };
    const client = rpc<typeof handlers>(left);
    rpc(right, handlers);
    const calls = Array.from({ length: 20 }, async (_, index) => {
      const name = `file ${index}`;
      const { file, was } = await client.call('open', { name, file: give(open(name, 0)) });
      expect([world.identity(file), was]).toEqual([`for ${name}`, name]);
      file.close();
    });
    const mine = ['a', 'b', 'c'].map((name) => open(name, 0));
    const items = await client.call('each', mine);
    for (const file of mine) file.close();
    const seen: unknown[] = [];
    for await (const { file, is } of items) {
      seen.push([world.identity(file), is]);
      file.close();
    }
    expect(seen).toEqual(['a', 'b', 'c'].map((name) => [name, name]));
    await Promise.all(calls);
    await expect(client.call('bad')).rejects.toThrow('BigInt');
    await client.close();
    right.destroy();
    await world.idle();
    expect(world.openDescriptors().flat()).toEqual([]);
  }
});
