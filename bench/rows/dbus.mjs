import { dbusNative } from '../programs.mjs';
import { exchanged, rate } from './exchanged.mjs';
import { costPerMessage, messagesPerSecond } from './figures.mjs';

/**
 * The streams run once for each 64 KiB, so V8 compiles their code only after hundreds of thousands of messages. Until then
 * that compiling is a part of what is measured: more of it with ancillary, which has more code of its own than net.
 */
const WARMUP = 900_000;

/** @type {import('./row.mjs').Row} */
export const dbus = {
  name: 'dbus',
  title: 'D-Bus messages of 256 bytes through dbus-native, one way, no descriptors',
  figures: { rate: messagesPerSecond, cost: costPerMessage },
  reference: { label: 'dbus-native on net.Socket', program: dbusNative, variant: 'net', needs: 'dbus-native' },
  contenders: [{ label: 'dbus-native on ancillary', program: dbusNative, variant: 'ancillary', needs: 'dbus-native' }],
  measure: exchanged({ kind: 'flood', size: 256, fds: 0, warmup: WARMUP, count: 300_000 }, (ends, work) => ({
    rate: rate(ends, work),
  })),
};
