import type {
  DeepPartial,
  ServerReflectionRequest,
  ServerReflectionResponse,
} from '../../../gen/grpc/reflection/v1/reflection.js';
import { Code } from '../../rpc/code.js';
import { type DescribedFile, DescriptorIndex, type DescriptorSource } from './descriptor-index.js';

type Answer = NonNullable<DeepPartial<ServerReflectionResponse>['messageResponse']>;

/** The handler of `ServerReflectionInfo`, the same in `grpc.reflection.v1` and `v1alpha`. */
export class Reflection {
  readonly #sources: readonly DescriptorSource[];
  readonly #services: () => Iterable<string>;
  #index: DescriptorIndex | undefined;

  constructor(sources: readonly DescriptorSource[], services: () => Iterable<string>) {
    this.#sources = sources;
    this.#services = services;
  }

  async *serverReflectionInfo(
    requests: AsyncIterable<ServerReflectionRequest>,
  ): AsyncGenerator<DeepPartial<ServerReflectionResponse>, void> {
    const index = (this.#index ??= new DescriptorIndex(this.#sources));
    const sent = new Set<string>();
    for await (const request of requests) {
      const messageResponse = this.#answer(request, index, sent);
      yield { validHost: request.host, originalRequest: request, messageResponse };
    }
  }

  #answer({ messageRequest }: ServerReflectionRequest, index: DescriptorIndex, sent: Set<string>): Answer {
    switch (messageRequest?.$case) {
      case 'listServices': {
        const service = [...this.#services()].sort().map((name) => ({ name }));
        return { $case: 'listServicesResponse', value: { service } };
      }
      case 'fileByFilename': {
        const name = messageRequest.value;
        return fileAnswer(index.file(name), index, sent) ?? notFound(`file ${JSON.stringify(name)}`);
      }
      case 'fileContainingSymbol': {
        const name = messageRequest.value;
        return fileAnswer(index.fileOfSymbol(name), index, sent) ?? notFound(`symbol ${JSON.stringify(name)}`);
      }
      case 'fileContainingExtension': {
        const { containingType, extensionNumber } = messageRequest.value;
        const file = index.fileOfExtension(containingType, extensionNumber);
        return (
          fileAnswer(file, index, sent) ?? notFound(`extension ${extensionNumber} of ${JSON.stringify(containingType)}`)
        );
      }
      case 'allExtensionNumbersOfType': {
        const baseTypeName = messageRequest.value;
        const extensionNumber = index.extensionNumbers(baseTypeName);
        if (extensionNumber === undefined) return notFound(`message ${JSON.stringify(baseTypeName)}`);
        return { $case: 'allExtensionNumbersResponse', value: { baseTypeName, extensionNumber } };
      }
      default:
        return failure(Code.INVALID_ARGUMENT, 'the request asks for nothing that this server knows how to answer');
    }
  }
}

/** The file, then all that it imports and that this stream has not had yet. */
function fileAnswer(file: DescribedFile | undefined, index: DescriptorIndex, sent: Set<string>): Answer | undefined {
  if (file === undefined) return undefined;
  // Asked for by name, a file is sent again.
  sent.delete(file.name);
  const fileDescriptorProto: Buffer[] = [];
  const open: (DescribedFile | undefined)[] = [file];
  for (const next of open) {
    // An import that is in no set is left out; whoever needs it asks for it and hears so.
    if (next === undefined || sent.has(next.name)) continue;
    sent.add(next.name);
    fileDescriptorProto.push(Buffer.from(next.bytes.buffer, next.bytes.byteOffset, next.bytes.byteLength));
    for (const name of next.dependencies) open.push(index.file(name));
  }
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

function notFound(what: string): Answer {
  return failure(Code.NOT_FOUND, `${what} is in no descriptor set that addReflection was given`);
}

function failure(errorCode: Code, errorMessage: string): Answer {
  return { $case: 'errorResponse', value: { errorCode, errorMessage } };
}
