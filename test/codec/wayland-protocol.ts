import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type WaylandProtocol, waylandProtocol } from '../../packages/codec';

/** A small protocol of our own: what wayland.xml has that matters, and something for each type of argument. */
export const XML = readFileSync(path.join(__dirname, 'wayland-protocol.xml'), 'utf8');

export const PROTOCOL: WaylandProtocol = waylandProtocol(XML);
