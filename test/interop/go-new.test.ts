import { describePair } from './describe-pair.js';

describePair({ client: 'go-new', server: 'podwire', endpoints: ['path', 'abstract'] });
describePair({ client: 'podwire', server: 'go-new', endpoints: ['path', 'abstract'] });
