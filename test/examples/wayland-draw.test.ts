import { readSync } from 'node:fs';
import path from 'node:path';
import { listen, type OwnedFd } from '../../packages/ancillary';
import { proxy } from '../../packages/ancillary/proxy';
import { waylandMessages } from '../../packages/codec';
import { allProtocols, startWeston } from '../interop/weston';
import { start } from '../support/children';

const PICTURES = 30;
const SIZE = 320 * 200 * 4;

test('wayland-draw: weston shows what is drawn, a new picture each time', async () => {
  await using weston = await startWeston(['--backend=headless-backend.so']);
  await using listener = await listen(path.join(weston.directory, 'seen'));
  let memory: OwnedFd | undefined;
  const pictures = new Set<string>();
  const shown: string[] = [];
  const proxying = proxy(listener, weston.path, {
    codec: waylandMessages(allProtocols(), 'server'),
    seen(_frame, { side, message }) {
      const { name, args, fds: own } = message();
      if (side === 'to') {
        if (name === 'done') shown.push(name);
        return;
      }
      if (name === 'create_pool') memory = own[0]?.dup();
      if (name !== 'attach' || memory === undefined) return;
      // One of the two pictures that the memory has room for is new.
      const picture = Buffer.alloc(SIZE);
      for (const offset of [0, SIZE]) {
        readSync(memory.fd, picture, 0, SIZE, offset);
        if (picture.some((byte) => byte !== 0)) pictures.add(picture.toString('latin1'));
      }
      expect(args).toMatchObject({ x: 0, y: 0 });
    },
  });

  const program = path.resolve(__dirname, '../../examples/wayland-draw.mjs');
  const env = { XDG_RUNTIME_DIR: weston.directory, WAYLAND_DISPLAY: 'seen' };
  const { stdout, stderr } = await start(process.execPath, [program, String(PICTURES)], { env }).succeeded();
  expect(stderr).toBe('');
  expect(stdout).toBe(`drew ${PICTURES} pictures of 320 x 200\n`);
  await listener.close();
  const { from } = await proxying;
  memory?.close();
  expect(from.fds).toBe(1);
  expect(pictures.size).toBe(PICTURES);
  // The sync at the beginning, and each picture.
  expect(shown.length).toBeGreaterThanOrEqual(PICTURES);
});
