'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const tls = require('node:tls');
const { setTimeout: delay } = require('node:timers/promises');

const DIRECTORY = '/proc/self/fd';
const MOST_WAITS = 200;
const WAIT_MS = 10;

/** The open descriptors of this process: number -> what it is, such as `socket:[4026]` or a path. */
function openDescriptors() {
  const open = new Map();
  for (const name of fs.readdirSync(DIRECTORY)) {
    try {
      open.set(Number(name), fs.readlinkSync(`${DIRECTORY}/${name}`));
    } catch {
      // The descriptor that read the directory is listed, and closed by now.
    }
  }
  return open;
}

/** Node opens a few descriptors when it first needs them and keeps them. Open them before anything is compared. */
async function openWhatNodeKeeps() {
  // A terminal is opened once more when something is first written to it.
  void [process.stdout, process.stderr];
  // Later versions of Node read NODE_EXTRA_CA_CERTS in a thread of its own while the program starts. This waits for it.
  if ('getCACertificates' in tls && typeof tls.getCACertificates === 'function') tls.getCACertificates('extra');
  // How the event loop learns that a child has ended.
  await once(spawn(process.execPath, ['--version']), 'close');
}

/**
 * One line for each descriptor that is not as it was. Threads close what was received, so this waits for the list to
 * become empty. It counts its waits: on a machine that is busy, the threads are late, and so is this.
 *
 * @param {Map<number, string>} before
 * @returns {Promise<string[]>}
 */
async function differencesFrom(before) {
  for (let waits = 0; ; waits++) {
    const now = openDescriptors();
    const numbers = [...new Set([...before.keys(), ...now.keys()])].filter((fd) => before.get(fd) !== now.get(fd));
    if (numbers.length === 0 || waits === MOST_WAITS) {
      return numbers.map((fd) => `descriptor ${fd}: was ${before.get(fd) ?? 'closed'}, is ${now.get(fd) ?? 'closed'}`);
    }
    await delay(WAIT_MS);
  }
}

module.exports = { differencesFrom, openDescriptors, openWhatNodeKeeps };
