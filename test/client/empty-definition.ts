import { Empty } from '../../gen/grpc/testing/empty.js';

/** A service whose messages have no field, so that their encoding is empty. */
export const EmptyDefinition = {
  name: 'EmptyService',
  fullName: 'podwire.test.EmptyService',
  methods: {
    unary: {
      name: 'Unary',
      requestType: Empty,
      requestStream: false,
      responseType: Empty,
      responseStream: false,
      options: {},
    },
    both: {
      name: 'Both',
      requestType: Empty,
      requestStream: true,
      responseType: Empty,
      responseStream: true,
      options: {},
    },
  },
} as const;
