/** Keys of request metadata that ask something of every test server; `../README.md` says what. */
export const asked = {
  echoInitial: 'x-grpc-test-echo-initial',
  echoTrailing: 'x-grpc-test-echo-trailing-bin',
  call: 'x-podwire-call',
  await: 'x-podwire-await',
  delay: 'x-podwire-delay-ms',
  status: 'x-podwire-status-bin',
} as const;
