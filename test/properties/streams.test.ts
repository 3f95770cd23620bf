import { everythingArrives } from './check';
import { Pool } from './pool';
import { bytes, receiving, segments, sizedReads } from './reading';
import { fromFdSocket, fromGluingPeer } from './wire';

let pool: Pool;

beforeAll(() => {
  pool = new Pool();
});

afterAll(() => {
  pool[Symbol.dispose]();
});

describe('receive(length)', () => {
  it('gives each length the descriptors that FdSocket sent with it', async () => {
    await everythingArrives('plain', pool, fromFdSocket, receiving);
  });

  it('gives each length its descriptors although a sendmsg runs on into the next', async () => {
    await everythingArrives('plain', pool, fromGluingPeer('first byte'), receiving);
  });
});

describe('frames() without a codec', () => {
  it('gives all bytes and descriptors in order, none outside its frame, from FdSocket', async () => {
    await everythingArrives('plain', pool, fromFdSocket, segments);
  });

  it('gives all bytes and descriptors in order, none outside its frame, from a peer that glues', async () => {
    await everythingArrives('plain', pool, fromGluingPeer('own bytes'), segments);
  });
});

describe(`'data'`, () => {
  it('gives all bytes, and the descriptors just before the bytes that they came with, from FdSocket', async () => {
    await everythingArrives('plain', pool, fromFdSocket, bytes);
  });

  it('gives all bytes, and the descriptors just before the bytes that they came with, from a peer that glues', async () => {
    await everythingArrives('plain', pool, fromGluingPeer('own bytes'), bytes);
  });
});

describe('read(size)', () => {
  it('gives all bytes, and descriptors before any byte that they came with was read, from FdSocket', async () => {
    await everythingArrives('plain', pool, fromFdSocket, sizedReads);
  });

  it('gives all bytes, and descriptors before any byte that they came with was read, from a peer that glues', async () => {
    await everythingArrives('plain', pool, fromGluingPeer('own bytes'), sizedReads);
  });
});
