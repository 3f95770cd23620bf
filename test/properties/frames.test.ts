import { everythingArrives } from './check';
import { Pool } from './pool';
import { framesOf } from './reading';
import { attached, counted } from './traffic';
import { fromFdSocket, fromGluingPeer } from './wire';

let pool: Pool;

beforeAll(() => {
  pool = new Pool();
});

afterAll(() => {
  pool[Symbol.dispose]();
});

describe('frames that declare how many descriptors they have, read greedily', () => {
  it('are whole when FdSocket sends them', async () => {
    await everythingArrives('counted', pool, fromFdSocket, framesOf(counted));
  });

  it('are whole when the peer glues plain bytes and splits frames, with descriptors on bytes of their frame', async () => {
    await everythingArrives('counted', pool, fromGluingPeer('own bytes'), framesOf(counted));
  });
});

describe('frames read no further than to their end', () => {
  it('are whole when FdSocket sends them', async () => {
    await everythingArrives('attached', pool, fromFdSocket, framesOf(attached));
  });

  it('are whole when a sendmsg with descriptors runs on into the frames behind', async () => {
    await everythingArrives('attached', pool, fromGluingPeer('first byte'), framesOf(attached));
  });

  it('are whole also when they declare how many descriptors they have', async () => {
    const bounded = { ...counted, reads: 'bounded' as const };
    await everythingArrives('counted', pool, fromGluingPeer('first byte'), framesOf(bounded));
  });
});

describe('frames with descriptors attached, read greedily', () => {
  const greedy = { ...attached, reads: 'greedy' as const };

  it('are whole when FdSocket sends them', async () => {
    await everythingArrives('attached', pool, fromFdSocket, framesOf(greedy));
  });

  it('are whole when descriptors come on bytes of their frame only', async () => {
    await everythingArrives('attached', pool, fromGluingPeer('own bytes'), framesOf(greedy));
  });
});

describe.each(['greedy', 'bounded'] as const)('frames whose descriptors ride ahead, read %s', (reads) => {
  const early = { ...counted, reads, descriptors: 'early' as const };

  it('are whole when FdSocket sends them', async () => {
    await everythingArrives('counted', pool, fromFdSocket, framesOf(early));
  });

  it('are whole when the peer sends descriptors long before their frame', async () => {
    await everythingArrives('counted', pool, fromGluingPeer('early'), framesOf(early));
  });
});
