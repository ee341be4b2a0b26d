import { describePair } from './describe-pair.js';

describePair({ client: 'python', server: 'podwire', endpoints: ['path', 'abstract'] });
describePair({ client: 'podwire', server: 'python', endpoints: ['path', 'abstract'] });
