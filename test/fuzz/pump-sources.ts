/** What the receive pump is made of, without Node: sources in native/. */
export const PUMP_SOURCES: readonly string[] = [
  'receive_pump',
  'look_ahead',
  'message_io',
  'control_message',
  'ledger',
  'number_limit',
  'number_owners',
  'closing_crew',
  'closing_threads',
  'closing_work',
  'pending_rights',
  'file_status',
  'free_numbers',
  'thread_state',
];
