import { invalidValue } from '../../binding';

/** Whether the memory of a view went away: its ArrayBuffer was transferred, or became too short for it. Only of empty ones. */
function lacksMemory(bytes: Uint8Array): boolean {
  try {
    // Nothing else tells it from a view that was made with no bytes, on every version of Node.
    Uint8Array.prototype.at.call(bytes, 0);
    return false;
  } catch {
    return true;
  }
}

/** @throws TypeError for bytes whose memory is another thread's by now */
export function requireMemory(bytes: Uint8Array): void {
  if (bytes.length > 0 || !lacksMemory(bytes)) return;
  throw invalidValue('the memory of the bytes to be sent was transferred or resized away before; nothing was sent');
}

/** What became of bytes that waited and are empty now: nothing, if they were so from the start. */
export function lossOf(bytes: Uint8Array): Error | undefined {
  return lacksMemory(bytes) ? lostBytes() : undefined;
}

/** What borrowed bytes fail with whose memory went away while they waited. */
export function lostBytes(): Error {
  const message =
    'the memory of bytes that wait to be sent was transferred or resized away; they are borrowed until sent';
  return Object.assign(new Error(message), { code: 'ERR_INVALID_STATE' });
}
