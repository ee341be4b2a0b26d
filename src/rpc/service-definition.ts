/**
 * What a generated message type offers (`MessageFns` of ts-proto). Writer and reader are left out of the types on purpose:
 * their classes have private members, so those of a second copy of @bufbuild/protobuf (CommonJS beside ESM) would not fit.
 */
export interface MessageType<Message, Partial = Message> {
  encode(message: Message, writer?: never): { finish(): Uint8Array };
  decode(input: Uint8Array, length?: number): Message;
  fromPartial(object: Partial): Message;
}

// biome-ignore lint/suspicious/noExplicitAny: a bound that every message type fits
export type AnyMessageType = MessageType<any, any>;

/** One method of a generated generic definition. */
export interface MethodDefinition<
  Request extends AnyMessageType = AnyMessageType,
  Response extends AnyMessageType = AnyMessageType,
> {
  /** As in the `.proto` file: `Describe`. */
  readonly name: string;
  readonly requestType: Request;
  readonly requestStream: boolean;
  readonly responseType: Response;
  readonly responseStream: boolean;
  readonly options: {
    readonly idempotencyLevel?: 'IDEMPOTENT' | 'NO_SIDE_EFFECTS';
    readonly [option: string]: unknown;
  };
}

/** A generated service, `outputServices=generic-definitions` of ts-proto. */
export interface ServiceDefinition {
  /** `PodInfo` */
  readonly name: string;
  /** `podinfo.v1.PodInfo` */
  readonly fullName: string;
  readonly methods: { readonly [key: string]: MethodDefinition };
}

/** A message as it comes out of the decoder: every field is there. */
export type MessageOut<Type extends AnyMessageType> = Type extends { decode(...input: never[]): infer Message }
  ? Message
  : never;

/** A message as a caller may write it: every field is optional, at every depth. */
export type MessageIn<Type extends AnyMessageType> = Type extends { fromPartial(object: infer Partial): unknown }
  ? Partial
  : never;

/** The handlers of a service; `Context` is what each gets as its second argument. */
export type ServiceImplementation<Definition extends ServiceDefinition, Context> = {
  [Key in keyof Definition['methods']]: MethodHandler<Definition['methods'][Key], Context>;
};

export type MethodHandler<Method extends MethodDefinition, Context> = (
  request: Incoming<Method['requestStream'], MessageOut<Method['requestType']>>,
  context: Context,
) => Method['responseStream'] extends true
  ? AsyncIterable<MessageIn<Method['responseType']>>
  : Promise<MessageIn<Method['responseType']>>;

/** The methods of a service as a caller sees them; `CallOptions` is the optional second argument of each. */
export type Client<Definition extends ServiceDefinition, CallOptions> = {
  [Key in keyof Definition['methods']]: ClientMethod<Definition['methods'][Key], CallOptions>;
};

export type ClientMethod<Method extends MethodDefinition, CallOptions> = (
  request: Outgoing<Method['requestStream'], MessageIn<Method['requestType']>>,
  options?: CallOptions,
) => Method['responseStream'] extends true
  ? AsyncIterable<MessageOut<Method['responseType']>>
  : Promise<MessageOut<Method['responseType']>>;

type Incoming<Stream extends boolean, Message> = Stream extends true ? AsyncIterable<Message> : Message;

type Outgoing<Stream extends boolean, Message> = Stream extends true
  ? AsyncIterable<Message> | Iterable<Message>
  : Message;
