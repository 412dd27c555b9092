import './text';
import type { Codec } from './codec';
import { type Body } from './wire';
/** One of the game's own messages, written and read by whatever library made it. */
export interface HostMessage {
    id: number;
    encode(body: Body): Uint8Array;
    decode(bytes: Uint8Array): Body;
}
export interface ProtobufOptions {
    /** The id of each of our messages, as msg.Register returned them: ids are the order of registration. idsFrom makes the table. */
    ids: Record<string, number>;
    /** The game's own messages, by name. */
    messages?: Record<string, HostMessage>;
    /** Whether the server's processor was told SetByteOrder(true). Default: false. */
    littleEndian?: boolean;
}
/** Our ids where they follow one another from first: the number of messages the host registered before msg.Register, or 0xFF00 with msg.Reserve. */
export declare function idsFrom(first: number): Record<string, number>;
/** The codec for a Leaf gate with a protobuf processor. */
export declare function protobuf(options: ProtobufOptions): Codec;
