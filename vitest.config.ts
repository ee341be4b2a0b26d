import { defineConfig } from 'vitest/config';

/** Tests that start many processes, or need other users, namespaces, mounts and programs of the system. */
const system = [
  'test/attacks/**/*.test.ts',
  'test/bench/run.test.ts',
  'test/cli/csi/run-conformance-command.test.ts',
  'test/cli/csi/run-host-path.test.ts',
  'test/cli/process-terminal.test.ts',
  'test/csi/conformance/all-checks.test.ts',
  'test/csi/controller/connect-plugin.test.ts',
  'test/csi/faults/**/*.test.ts',
  'test/csi/hostpath/**/*.test.ts',
  'test/csi/store/claim-folder.test.ts',
  'test/deploy/**/*.test.ts',
  'test/docs/csi*.test.ts',
  'test/docs/diagnostics.test.ts',
  'test/docs/guide*.test.ts',
  'test/docs/readme.test.ts',
  'test/examples/**/*.test.ts',
  'test/faults/**/*.test.ts',
  'test/proto/csi-descriptor.test.ts',
  'test/server/shutdown-signals.test.ts',
  'test/socket/descriptor-limit.test.ts',
  'test/socket/inherited-socket.test.ts',
  'test/socket/open-server.test.ts',
  'test/socket/peer-credentials.test.ts',
  'test/socket/user-namespace.test.ts',
];

/**
 * Four projects: `unit` mirrors src/, needs nothing but Node and is quick; `system` is what takes longer or asks for more of
 * the system; `interop` drives peers written in other languages; `package` installs the packed tarball somewhere else.
 */
export default defineConfig({
  test: {
    // Much of the time is spent waiting for sockets and processes.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/interop/**', 'test/package/**', ...system],
          testTimeout: 20_000,
        },
      },
      { test: { name: 'system', include: system, testTimeout: 60_000 } },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: { name: 'package', include: ['test/package/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000 },
      },
    ],
  },
});
