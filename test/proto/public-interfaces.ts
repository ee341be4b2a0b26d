/** A public interface that we wrote down ourselves and that has to be the same on the wire. */
export interface PublicInterface {
  /** The protobuf package. */
  package: string;
  /** Its descriptor set, in a folder of such. */
  descriptorSet: string;
  /** The committed facts, beside this file; written by write-reference.ts. */
  reference: string;
}

export const csi: PublicInterface = {
  package: 'csi.v1',
  descriptorSet: 'csi-v1.13.binpb',
  reference: 'csi-1.13.normalised.json',
};

export const publicInterfaces: PublicInterface[] = [
  csi,
  {
    package: 'google.rpc',
    descriptorSet: 'google-rpc.binpb',
    reference: 'google-rpc.normalised.json',
  },
  {
    package: 'grpc.health.v1',
    descriptorSet: 'grpc-health-v1.binpb',
    reference: 'grpc-health-v1.normalised.json',
  },
  {
    package: 'grpc.reflection.v1',
    descriptorSet: 'grpc-reflection-v1.binpb',
    reference: 'grpc-reflection-v1.normalised.json',
  },
  {
    package: 'grpc.reflection.v1alpha',
    descriptorSet: 'grpc-reflection-v1alpha.binpb',
    reference: 'grpc-reflection-v1alpha.normalised.json',
  },
  {
    package: 'grpc.testing',
    descriptorSet: 'grpc-testing.binpb',
    reference: 'grpc-testing.normalised.json',
  },
  {
    package: 'pluginregistration',
    descriptorSet: 'pluginregistration-v1.binpb',
    reference: 'pluginregistration-v1.normalised.json',
  },
];
