import { readSync, writeSync } from 'node:fs';
import { fds } from '../../packages/ancillary';
import { python } from './children';
import { openDescriptors } from './descriptors';

/**
 * Sets this process's soft limit from outside, since with a full descriptor table it could start nothing that raises it
 * again. Each line asked for is answered by the old limit; the end of the questions ends it.
 */
const LIMITER = `
import os, resource, sys
node = int(sys.argv[1])
for line in os.fdopen(3):
    soft, hard = resource.prlimit(node, resource.RLIMIT_NOFILE)
    resource.prlimit(node, resource.RLIMIT_NOFILE, (int(line), hard))
    os.write(4, b"%d\\n" % soft)
`;

/**
 * Runs something while this process can open only `slots` more descriptors: what the kernel would install beyond them it
 * drops, and sets MSG_CTRUNC (docs/kernel.md 8).
 */
export async function withDescriptorLimit<Result>(slots: number, run: () => Promise<Result>): Promise<Result> {
  const [questions, ask] = fds.pipe();
  const [answer, answers] = fds.pipe();
  await using limiter = python(LIMITER, { args: [String(process.pid)], descriptors: [questions.fd, answers.fd] });
  questions.close();
  answers.close();
  // Synchronous: nothing of this process opens or closes anything between counting and setting.
  const setLimit = (limit: number): number => {
    writeSync(ask.fd, `${limit}\n`);
    const line = Buffer.alloc(20);
    const length = readSync(answer.fd, line);
    if (length === 0) throw new Error('the program that sets the limit has ended');
    return Number(line.toString('utf8', 0, length));
  };
  try {
    const usual = setLimit(limitFor(slots));
    try {
      return await run();
    } finally {
      setLimit(usual);
    }
  } finally {
    ask.close();
    answer.close();
    await limiter.finished;
  }
}

/** The kernel's limit is on numbers, not on how many are open: below it exactly so many must be free. */
function limitFor(slots: number): number {
  const open = openDescriptors();
  let limit = 0;
  for (let free = 0; free < slots; limit++) if (!open.has(limit)) free++;
  return limit;
}
