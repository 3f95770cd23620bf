/** Tests bring these about, and say what else there is to say of them. */
const EXPECTED = new Set(['ANCILLARY_FEW_DESCRIPTORS', 'ANCILLARY_NO_LISTENER', 'ANCILLARY_QUOTA']);

let printed = false;

/** Has Node print no process warning that tests bring about on purpose; listeners get all. */
export function printOtherWarnings(): void {
  if (printed) return;
  printed = true;
  // Node's own, which prints.
  const printers = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning: Error & { code?: string }) => {
    if (warning.code !== undefined && EXPECTED.has(warning.code)) return;
    for (const print of printers) print.call(process, warning);
  });
}
