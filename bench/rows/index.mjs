import { bytes } from './bytes.mjs';
import { bytesApart } from './bytes-apart.mjs';
import { connections } from './connections.mjs';
import { connectionsBurst } from './connections-burst.mjs';
import { dbus } from './dbus.mjs';
import { delimited } from './delimited.mjs';
import { fdBundles } from './fd-bundles.mjs';
import { fdFrames } from './fd-frames.mjs';
import { fdFramesApart } from './fd-frames-apart.mjs';
import { fdFramesPushed } from './fd-frames-pushed.mjs';
import { growthConnections } from './growth-connections.mjs';
import { growthFrames } from './growth-frames.mjs';
import { idle } from './idle.mjs';
import { importRow } from './import.mjs';
import { largeFrame } from './large-frame.mjs';
import { roundTrip } from './round-trip.mjs';
import { rpcCalls } from './rpc-calls.mjs';
import { smallFrames } from './small-frames.mjs';

/** In the order of the table. @type {readonly import('./row.mjs').Row[]} */
export const rows = [
  fdFrames,
  fdFramesPushed,
  fdFramesApart,
  fdBundles,
  bytes,
  bytesApart,
  smallFrames,
  delimited,
  dbus,
  roundTrip,
  rpcCalls,
  connections,
  connectionsBurst,
  idle,
  largeFrame,
  growthFrames,
  growthConnections,
  importRow,
];
