/** A spec that runs and fails against every plugin that does what it is about. */
export interface BrokenSpec {
  /** How its failure reads. */
  readonly says: RegExp;
  readonly why: string;
}

/** By name. A failure that reads in another way counts as one. */
export const brokenSpecs: Readonly<Record<string, BrokenSpec>> = {
  'CreateSnapshot [Controller Server] should succeed when creating a snapshot with accessibility requirements': {
    // Equal but for what Go's protobuf remembers of a message that was sent.
    says: /<\*csi\.Topology .*Segments: (\{[^}]*\}).*sizeCache: 0,.*to equal.*Segments: \1.*sizeCache: [1-9]/s,
    why:
      'csi-sanity compares the topology that it sent and the one that it got with reflect.DeepEqual, which sees that one ' +
      'was encoded (`sizeCache`): only plugins that do not tell `accessible_topology` pass',
  },
};
