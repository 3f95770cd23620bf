/** What a client asks of the server with its first frame, and does then. */
export const MODES = [
  'echo',
  'bytes',
  'deaf',
  'throwing',
  'flood',
  'half',
  'surplus',
  'garbage',
  'silent',
  'dying',
] as const;

export type Mode = (typeof MODES)[number];

export function isMode(text: string): text is Mode {
  return (MODES as readonly string[]).includes(text);
}
