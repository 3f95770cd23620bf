// A Wayland client: opens a window and draws moving colours into memory that it shares with the compositor.
// It needs the XML of the protocols (in Debian: libwayland-dev, wayland-protocols) and fast-xml-parser.
//
//   node examples/wayland-draw.mjs [frames]
import fs from 'node:fs';
import path from 'node:path';
import { connect, fds } from 'ancillary';
import { waylandMessages, waylandProtocol } from 'ancillary/codec';
import { framed } from 'ancillary/rpc';

const WIDTH = 320;
const HEIGHT = 200;
const STRIDE = 4 * WIDTH;
const SIZE = STRIDE * HEIGHT;
const XRGB8888 = 1;
const frames = Number(process.argv[2] ?? 600);

const XML = ['/usr/share/wayland/wayland.xml', '/usr/share/wayland-protocols/stable/xdg-shell/xdg-shell.xml'];
const protocol = waylandProtocol(...XML.map((file) => fs.readFileSync(file)));
const { XDG_RUNTIME_DIR = '/', WAYLAND_DISPLAY = 'wayland-0' } = process.env;
const socket = await connect(path.resolve(XDG_RUNTIME_DIR, WAYLAND_DISPLAY));
const connection = framed(socket, waylandMessages(protocol, 'client'));

/** Ids of objects are the client's to give: the lowest first, and again what the compositor has freed. @type {number[]} */
const freed = [];
let last = 1;
const newId = () => freed.pop() ?? ++last;

/** @param {number} object @param {string} name @param {import('ancillary/codec').WaylandOutgoing['args']} [args] */
const request = (object, name, args) => connection.send({ object, name, args });

/** Makes an object and returns its id. @param {number} object @param {string} name @param {string} made @param {object} [args] */
async function make(object, name, made, args = {}) {
  const id = newId();
  await request(object, name, { [made]: id, ...args });
  return id;
}

const registry = await make(1, 'get_registry', 'registry');
/** What is done next when this is: all globals are listed, or the picture is shown. */
let awaited = await make(1, 'sync', 'callback');
/** What the compositor offers: the number of each interface. @type {Map<string, number>} */
const globals = new Map();

/** @param {string} name @param {number} version */
async function bind(name, version) {
  const number = globals.get(name);
  if (number === undefined) throw new Error(`the compositor has no ${name}`);
  const id = newId();
  await request(registry, 'bind', { name: number, id: { interface: name, version, id } });
  return id;
}

// Room for two pictures: one is drawn while the compositor shows the other.
const memory = fds.memfd('pictures', 2 * SIZE);
/** Buffers that the compositor does not read. @type {Map<number, number>} */
const offsets = new Map();
/** @type {number[]} */
const idle = [];
const picture = Buffer.alloc(SIZE);
let [surface, base, window, drawn] = [0, 0, 0, 0];
let late = false;

/** The compositor has listed what it offers. */
async function open() {
  const compositor = await bind('wl_compositor', 4);
  const shm = await bind('wl_shm', 1);
  base = await bind('xdg_wm_base', 1);
  const pool = await make(shm, 'create_pool', 'id', { fd: memory, size: 2 * SIZE });
  for (const offset of [0, SIZE]) {
    const layout = { offset, width: WIDTH, height: HEIGHT, stride: STRIDE, format: XRGB8888 };
    const buffer = await make(pool, 'create_buffer', 'id', layout);
    offsets.set(buffer, offset);
    idle.push(buffer);
  }
  surface = await make(compositor, 'create_surface', 'id');
  window = await make(base, 'get_xdg_surface', 'id', { surface });
  const toplevel = await make(window, 'get_toplevel', 'id');
  await request(toplevel, 'set_title', { title: 'drawn by Node' });
  await request(surface, 'commit');
}

/** Draws the next picture, once there is memory for it, and asks to be told when to draw another. */
async function draw() {
  const buffer = idle.shift();
  late = buffer === undefined;
  if (buffer === undefined) return;
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      picture.writeUInt32LE(
        ((x + drawn) & 0xff) * 0x1_0000 + ((y + 2 * drawn) & 0xff) * 0x100 + 0x80,
        y * STRIDE + 4 * x,
      );
    }
  }
  fs.writeSync(memory.fd, picture, 0, SIZE, offsets.get(buffer));
  await request(surface, 'attach', { buffer, x: 0, y: 0 });
  await request(surface, 'damage_buffer', { x: 0, y: 0, width: WIDTH, height: HEIGHT });
  awaited = await make(surface, 'frame', 'callback');
  await request(surface, 'commit');
  drawn++;
}

for await (const { object, interface: type, name, args, fds: received } of connection) {
  for (const fd of received) fd.close(); // It asks for nothing that has some.
  const event = `${type}.${name}`;
  const { id, interface: offered, name: number, serial, message } = args;
  if (event === 'wl_display.error') throw new Error(String(message));
  if (event === 'wl_display.delete_id') freed.push(Number(id));
  else if (event === 'wl_registry.global') globals.set(String(offered), Number(number));
  else if (event === 'wl_buffer.release') {
    idle.push(object);
    if (late) await draw();
  } else if (event === 'xdg_wm_base.ping') await request(base, 'pong', { serial: Number(serial) });
  else if (event === 'xdg_toplevel.close') break;
  else if (event === 'xdg_surface.configure') {
    await request(window, 'ack_configure', { serial: Number(serial) });
    if (drawn === 0) await draw();
  } else if (event === 'wl_callback.done' && object === awaited) {
    if (window === 0) await open();
    else if (drawn < frames) await draw();
    else break;
  }
}
await connection.close();
memory.close();
console.log(`drew ${drawn} pictures of ${WIDTH} x ${HEIGHT}`);
