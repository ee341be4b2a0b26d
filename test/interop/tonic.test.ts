import { describePair } from './describe-pair.js';

describePair({ client: 'tonic', server: 'podwire', endpoints: ['path', 'abstract'] });
describePair({ client: 'podwire', server: 'tonic', endpoints: ['path', 'abstract'] });
