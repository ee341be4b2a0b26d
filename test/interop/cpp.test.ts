import { describePair } from './describe-pair.js';

describePair({ client: 'cpp', server: 'podwire', endpoints: ['path', 'abstract'] });
describePair({ client: 'podwire', server: 'cpp', endpoints: ['path', 'abstract'] });
