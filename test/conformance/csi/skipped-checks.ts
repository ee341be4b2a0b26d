import type { SanitySetting } from './sanity-setting.js';

const ofBlock = 'volumes are used as block devices here';
const notOffered = (capability: string, service: string) =>
  `the plugin does not advertise ${capability} on its ${service} service`;

const onBlock: Readonly<Record<string, string>> = {
  'node/what-was-written-is-there-again': ofBlock,
  'node/volumes-do-not-share-their-content': ofBlock,
  'node/a-snapshot-keeps-what-was-written-before-it': ofBlock,
};

const before113: Readonly<Record<string, string>> = {
  'health/a-new-volume-is-well': notOffered('GET_VOLUME_HEALTH', 'controller'),
  'health/an-unknown-volume-is-not-found': notOffered('GET_VOLUME_HEALTH', 'controller'),
  'health/get-volume-health-wants-its-required-fields': notOffered('GET_VOLUME_HEALTH', 'controller'),
  'health/only-volumes-that-are-not-well-are-listed': notOffered('LIST_VOLUME_HEALTH', 'controller'),
  'health/an-unknown-token-is-aborted': notOffered('LIST_VOLUME_HEALTH', 'controller'),
  'health/a-negative-number-of-entries-is-refused': notOffered('LIST_VOLUME_HEALTH', 'controller'),
  'health/a-new-volume-is-well-on-its-node': notOffered('GET_VOLUME_HEALTH', 'node'),
  'health/an-unknown-volume-is-not-found-on-the-node': notOffered('GET_VOLUME_HEALTH', 'node'),
  'health/node-get-volume-health-wants-its-required-fields': notOffered('GET_VOLUME_HEALTH', 'node'),
  'health/what-is-wrong-with-the-storage-is-described': notOffered('GET_STORAGE_HEALTH', 'node'),
};

/** Checks of `podwire csi conformance` that cannot be made, by name, and why, as the command has to say. All others are made. */
export function skippedChecks({ specVersion, accessType }: SanitySetting): Readonly<Record<string, string>> {
  return { ...(accessType === 'block' && onBlock), ...(specVersion === '1.12' && before113) };
}
