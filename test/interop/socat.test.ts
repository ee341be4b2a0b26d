import { describePair } from './describe-pair.js';

describePair({ client: 'podwire', server: 'podwire', endpoints: ['path', 'abstract'], relayed: true });
describePair({ client: 'go-old', server: 'podwire', endpoints: ['path', 'abstract'], relayed: true });
describePair({ client: 'podwire', server: 'go-new', endpoints: ['path', 'abstract'], relayed: true });
