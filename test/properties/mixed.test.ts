import { everythingArrives } from './check';
import { mixing } from './mixing';
import { Pool } from './pool';
import { fromFdSocket, fromGluingPeer } from './wire';

let pool: Pool;

beforeAll(() => {
  pool = new Pool();
});

afterAll(() => {
  pool[Symbol.dispose]();
});

describe('one way of reading after another', () => {
  it('loses nothing of what FdSocket sends', async () => {
    await everythingArrives('counted', pool, fromFdSocket, mixing);
  });

  it('loses nothing of what a peer glues together', async () => {
    await everythingArrives('counted', pool, fromGluingPeer('own bytes'), mixing);
  });
});
