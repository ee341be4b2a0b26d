import { Command } from 'commander';
import { conformanceCommand } from './csi/conformance-command.js';
import { hostPathCommand } from './csi/host-path-command.js';
import { endpointCommand } from './endpoint-command.js';
import { packageVersion } from './package-version.js';
import type { Terminal } from './terminal.js';

/**
 * All commands. What a command does is loaded when it runs, so that help is there at once.
 *
 * @param finish gets the exit status of a command that has done its work, but not found all well.
 */
export function commandLine(terminal: Terminal, finish: (status: number) => void): Command {
  const csi = new Command('csi')
    .description('plugins of the Container Storage Interface')
    .addCommand(hostPathCommand(terminal))
    .addCommand(conformanceCommand(terminal, finish))
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Examples:
  podwire csi hostpath --endpoint unix:///run/csi/csi.sock --state-dir /var/lib/csi-hostpath --node-id node-1
  podwire csi conformance unix:///run/csi/csi.sock`,
    );
  const program = new Command('podwire')
    .description('gRPC for processes that share a machine: tools for what is at the other end of a Unix socket.')
    .version(packageVersion())
    .helpCommand(false)
    .addCommand(csi)
    .addCommand(endpointCommand(terminal))
    .addHelpText(
      'after',
      `
Examples:
  podwire csi hostpath --help
  podwire csi conformance unix:///run/csi/csi.sock
  podwire endpoint parse unix:@csi

Exit status: 0 done, 1 it failed, 2 the command line cannot be understood, 141 nobody reads what
it prints any more.`,
    );
  for (const command of withAllBelow(program)) {
    command
      .exitOverride()
      .showHelpAfterError(`Run it with --help to see what there is.`)
      .configureOutput({
        writeOut: (text) => terminal.stdout.write(text),
        writeErr: (text) => terminal.stderr.write(text),
        outputError: (text, write) => write(text.replace(/^error: /, 'podwire: ')),
      });
  }
  return program;
}

function withAllBelow(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withAllBelow)];
}
