import { Command, Option } from 'commander';
import { parseEndpoint, printEndpoint } from '../index.js';
import type { Terminal } from './terminal.js';

const EXAMPLES = `
Examples:
  podwire endpoint parse unix:rel/x.sock
  podwire endpoint parse @csi
  podwire endpoint parse unix:@csi --dialect go`;

/** `podwire endpoint`. */
export function endpointCommand(terminal: Terminal): Command {
  const parse = new Command('parse')
    .description('Says what an address means to podwire, in its canonical spelling, or what was probably meant.')
    .argument('<text>', 'an address, in any spelling')
    .addOption(new Option('--dialect <name>', 'whose reading of an ambiguous spelling to take').choices(['go', 'kms']))
    .addHelpText('after', EXAMPLES)
    .action((text: string, { dialect }: { readonly dialect?: 'go' | 'kms' }) => {
      const endpoint = parseEndpoint(text, { dialect });
      terminal.stdout.write(`${endpoint.kind}\t${printEndpoint(endpoint)}\n`);
    });
  return new Command('endpoint')
    .description('addresses of Unix sockets')
    .helpCommand(false)
    .addCommand(parse)
    .addHelpText('after', EXAMPLES);
}
