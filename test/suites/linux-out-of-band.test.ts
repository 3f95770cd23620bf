import { MSG_OOB, MSG_PEEK } from '../../packages/binding-model/kernel';
import { attempt } from '../kernel/pair';
import { Ends, textOf } from './ends';
import { cases, type Step } from './out-of-band-cases';
import { linux } from './systems';

// Linux's own tools/testing/selftests/net/af_unix/msg_oob.c: out-of-band bytes (docs/kernel.md 26). It has each case
// twice, the second time with a peek before each receive, which must bring the same.

describe.each(linux)('%s', (_, start) => {
  describe.each(['no_peek', 'peek'])('%s', (variant) => {
    test.each(cases)('Linux msg_oob.%s', (_title, steps, ending) => {
      using ends = new Ends(start());
      for (const step of steps) {
        const pending = take(ends, step, variant === 'peek');
        if (pending !== undefined) expect(ends.calls.poll(ends.receiver).pri).toBe(pending);
      }
      ends.close(ends.receiver);
      const flags = variant === 'peek' ? MSG_PEEK : 0;
      const told = attempt(() => ends.calls.recvmsg(ends.sender, { size: 1, controlLength: 0, flags }).length);
      expect(told).toBe(ending === 'end' ? 0 : 'ECONNRESET');
    });
  });
});

/** Does one step, and returns whether an out-of-band byte should wait behind it. */
function take(ends: Ends, step: Step, peek: boolean): boolean | undefined {
  const read = (size: number, flags: number, comes: string) => {
    for (const also of peek ? [MSG_PEEK, 0] : [0]) {
      expect(attempt(() => textOf(ends.take({ size, flags: flags | also }).bytes))).toBe(comes);
    }
  };
  switch (step[0]) {
    case 'send':
      expect(ends.send(step[1])).toBe(step[1].length);
      return step[2];
    case 'urge':
      expect(ends.send(step[1], [], { flags: MSG_OOB })).toBe(step[1].length);
      return step[2];
    case 'read':
      read(step[1], 0, step[2]);
      return step[3];
    case 'read urgent':
      read(1, MSG_OOB, step[1]);
      return step[2];
    case 'inline':
      ends.calls.setsockopt(ends.receiver, 'SO_OOBINLINE', 1);
      return undefined;
  }
}
