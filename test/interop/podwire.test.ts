import { describePair } from './describe-pair.js';

describePair({ client: 'podwire', server: 'podwire', endpoints: ['path', 'abstract'] });
