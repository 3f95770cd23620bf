import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { fds } from 'ancillary';

/** A new file in memory. @param {string} content */
export function file(content) {
  return fds.memfd('smoke', Buffer.from(content));
}

/** @param {import('ancillary').FdLike} fd */
export function identity(fd) {
  const { dev, ino } = fds.describeFd(fd);
  return `${dev}:${ino}`;
}

/** Reads a received file to its end, and closes it. @param {import('ancillary').OwnedFd | undefined} fd */
export async function contentOf(fd) {
  assert.ok(fd);
  return text(fds.toReadStream(fd));
}

/** @param {unknown} promise @param {string} code */
export async function rejectsWith(promise, code) {
  await assert.rejects(
    async () => promise,
    (/** @type {NodeJS.ErrnoException} */ error) => {
      assert.equal(error.code, code, error.message);
      return true;
    },
  );
}
