let warned = false;

/** Says, once, that sockets wait for want of descriptor numbers: the program may have forgotten to close some. */
export function warnOfFewNumbers(): void {
  if (warned) return;
  warned = true;
  process.emitWarning(
    'the process has few descriptors left of those it may have (RLIMIT_NOFILE); sockets whose peers sent descriptors are not ' +
      'read until some are closed',
    {
      type: 'AncillaryWarning',
      code: 'ANCILLARY_FEW_DESCRIPTORS',
      detail: 'Close what is not needed, allow more descriptors (ulimit -n), or limit what each user may hold.',
    },
  );
}
