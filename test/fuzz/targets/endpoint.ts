import { EndpointError } from '../../../src/endpoint/endpoint-error.js';
import { parseEndpoint } from '../../../src/endpoint/parse-endpoint.js';
import { printEndpoint } from '../../../src/endpoint/print-endpoint.js';
import { check } from '../check.js';
import type { FuzzTarget } from '../fuzz-target.js';
import { mutateOctets } from '../mutate-octets.js';
import type { Random } from '../random.js';

const spellings = [
  ...['unix:///run/x.sock', 'unix:/run/x.sock', 'unix:rel/x.sock', '/run/x.sock', './x.sock', '../x.sock', 'x.sock'],
  ...['unix-abstract:name', '@name', 'unix://@name', '\0name', 'unix-abstract:a%2Fb%00c', 'fd:3', 'fd:NAME'],
  ...['unix:@name', 'unix:///@name', 'unix://host/x', 'unix-abstract://a/x', 'tcp://localhost:1', 'unix:%zz', ''],
];

/** Any text is an endpoint whose print means the same, or an EndpointError. */
export const endpoint: FuzzTarget = {
  name: 'endpoint',
  run(random: Random): void {
    const octets = mutateOctets(
      Buffer.from(random.pick(spellings) + (random.once(5) ? random.pick(spellings) : '')),
      random,
    );
    const text = octets.toString(random.once(4) ? 'latin1' : 'utf8');
    const dialect = random.pick([undefined, 'go', 'kms'] as const);
    const parse = (spelling: string) => parseEndpoint(spelling, dialect === undefined ? {} : { dialect });
    let parsed: ReturnType<typeof parse>;
    try {
      parsed = parse(text);
    } catch (error) {
      check(error instanceof EndpointError, `${JSON.stringify(text)}: ${error} is no EndpointError`);
      return;
    }
    const printed = printEndpoint(parsed);
    const again = printEndpoint(parseEndpoint(printed));
    check(printed === again, () => `${JSON.stringify(text)} prints as ${printed}, and that as ${again}`);
  },
};
