import { dbusNative } from '../programs.mjs';
import { exchanged, rate } from './exchanged.mjs';
import { costPerMessage, messagesPerSecond } from './figures.mjs';

/** @type {import('./row.mjs').Row} */
export const dbus = {
  name: 'dbus',
  title: 'D-Bus messages of 256 bytes through dbus-native, one way, no descriptors',
  figures: { rate: messagesPerSecond, cost: costPerMessage },
  reference: { label: 'dbus-native on net.Socket', program: dbusNative, variant: 'net', needs: 'dbus-native' },
  contenders: [{ label: 'dbus-native on ancillary', program: dbusNative, variant: 'ancillary', needs: 'dbus-native' }],
  measure: exchanged({ kind: 'flood', size: 256, fds: 0, warmup: 300_000, count: 300_000 }, (ends, work) => ({
    rate: rate(ends, work),
  })),
};
