import { runLoad } from './load.js';
import type { EchoClient } from './scenario.js';
import { scenarios } from './scenarios/index.js';

/** `client-process.js PEER ENDPOINT SCENARIO WARM_UP SECONDS`: runs one scenario as one peer's client, prints one line of JSON. */
const [peer, endpoint, name, warmUp, seconds] = process.argv.slice(2);
const scenario = scenarios.find((candidate) => candidate.name === name);
if (scenario === undefined) throw new Error(`there is no scenario ${JSON.stringify(name)}`);
const { connect } = (await import(`./peers/${peer}/client.js`)) as { connect(endpoint: string): Promise<EchoClient> };
const client = await connect(endpoint);
const result = await runLoad(client, scenario, Number(warmUp), Number(seconds));
await client.close();
console.log(JSON.stringify({ ...result, maxRss: process.resourceUsage().maxRSS }));
