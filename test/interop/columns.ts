/** The columns of the table in docs/interop.md, and the cases that each stands for: every case is in one. */
export const columns = {
  'four kinds': [
    'empty_unary',
    'large_unary',
    'client_streaming',
    'server_streaming',
    'ping_pong',
    'empty_stream',
    'concurrent_calls',
  ],
  metadata: ['custom_metadata'],
  deadline: ['timeout'],
  cancel: ['cancel_after_begin', 'cancel_after_first_response'],
  'error details': [
    'status_code_and_message',
    'special_status_message',
    'unimplemented_method',
    'unimplemented_service',
    'error_details',
  ],
  'large messages': ['large_message'],
  gzip: ['gzip'],
} as const;

export type Column = keyof typeof columns;
