import { AncillaryError } from '../binding';

/** ERR_FD_CLOSED: why no answer can come any more. */
export function closedError(why: string): AncillaryError {
  return new AncillaryError('ERR_FD_CLOSED', `no answer can come: ${why}`);
}
