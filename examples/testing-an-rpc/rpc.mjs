// A small RPC: a question and its answer are a text and descriptors each. Whoever receives descriptors closes them.

import { lengthPrefixed } from 'ancillary/codec';
import { OwnedFd } from 'ancillary/testing';

/** @typedef {import('ancillary').FdSocket} FdSocket */
/** @typedef {{ text: string, fds: OwnedFd[] }} Message */
/** @typedef {{ resolve: (answer: Message) => void, reject: (reason: unknown) => void }} Call */

const codec = lengthPrefixed();

/** @param {FdSocket} socket @param {number} id @param {Message} message */
function send(socket, id, { text, fds }) {
  const frame = codec.encode({ bytes: Buffer.from(JSON.stringify([id, text])), fds });
  return socket.send(frame.bytes, frame.fds, { transfer: true });
}

/** @param {FdSocket} socket @returns {AsyncGenerator<{ id: number, message: Message }>} */
async function* messages(socket) {
  for await (const frame of socket.frames(codec)) {
    const { bytes, fds } = codec.decode(frame);
    yield parse(bytes, fds);
  }
}

/** @param {Buffer} bytes @param {OwnedFd[]} fds */
function parse(bytes, fds) {
  try {
    const [id, text] = JSON.parse(bytes.toString());
    return { id, message: { text, fds } };
  } catch (error) {
    OwnedFd.closeAll(fds); // They were taken out of the frame, so nobody else closes them.
    throw error;
  }
}

/** @param {FdSocket} socket @param {(question: Message) => Message} answer */
export async function serve(socket, answer) {
  for await (const { id, message } of messages(socket)) await send(socket, id, answer(message));
  socket.end();
}

export class Client {
  /** @type {Map<number, Call>} */
  #calls = new Map();
  #lastId = 0;
  #socket;

  /** @param {FdSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    this.#receive().then(
      () => this.#give(new Error('the server is gone')),
      (error) => this.#give(error),
    );
  }

  /** @param {Message} question @returns {Promise<Message>} */
  call(question) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      send(this.#socket, id, question).catch(reject);
    });
  }

  async #receive() {
    for await (const { id, message } of messages(this.#socket)) {
      this.#calls.get(id)?.resolve(message);
      this.#calls.delete(id);
    }
  }

  /** @param {unknown} reason */
  #give(reason) {
    for (const { reject } of this.#calls.values()) reject(reason);
  }
}
