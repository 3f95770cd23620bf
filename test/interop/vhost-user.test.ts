import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { connect, fds } from '../../packages/ancillary';
import { runDirectory, start } from '../support/children';
import { openDescriptors } from '../support/descriptors';
import { closed } from '../support/peer';
import { leftOpen, reportRow } from './report';
import { SECTOR, VhostUserDisk } from './vhost-user-blk';

const SECTORS = 500;

it('qemu-storage-daemon reads and writes 500 sectors, and tells each by an eventfd of its own', async () => {
  const file = path.join(runDirectory(), `disk-${process.pid}`);
  const address = `${file}.socket`;
  const content = randomBytes(SECTORS * SECTOR);
  writeFileSync(file, content);
  await using daemon = start('qemu-storage-daemon', [
    ...['--blockdev', `driver=file,node-name=disk,filename=${file}`],
    ...['--export', `vhost-user-blk,id=export,node-name=disk,addr.type=unix,addr.path=${address},writable=on`],
  ]);
  const before = openDescriptors();
  const socket = await connect(address, { retry: true, timeout: 60_000 });
  const disk = new VhostUserDisk(socket);
  expect(await disk.open()).toBe(BigInt(SECTORS));
  using inflight = await disk.inflightFd();
  expect(inflight && fds.describeFd(inflight).kind).toBe('memfd');
  const theirs = openDescriptors(daemon.pid).size;

  let wrong = 0;
  const written = randomBytes(SECTORS * SECTOR);
  for (let sector = 0; sector < SECTORS; sector++) {
    const [from, to] = [sector * SECTOR, (sector + 1) * SECTOR];
    const read = Buffer.alloc(SECTOR);
    // By turns, so that each kind meets sectors that the other has changed.
    const done =
      (await disk.transfer('read', sector, read)) && (await disk.transfer('write', sector, written.subarray(from, to)));
    if (!done || !read.equals(content.subarray(from, to))) wrong++;
  }
  expect(readFileSync(file)).toEqual(written);

  const { fdsSent, fdsReceived } = socket.stats;
  // It keeps the last one to call.
  const kept = openDescriptors(daemon.pid).size - theirs - 1;
  disk.close();
  inflight?.close();
  await closed(socket);
  reportRow(
    {
      peer: 'vhost-user-blk: qemu-storage-daemon, 500 sectors',
      messages: disk.messages,
      fdsSent,
      fdsReceived,
      wrong,
      leftOver: kept + leftOpen(before),
    },
    { messages: 4 * 2 * SECTORS, fdsSent: 2 * SECTORS + 2, fdsReceived: 1 },
  );
  daemon.kill('SIGTERM');
  await daemon.finished;
});
