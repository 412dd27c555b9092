import { type Body } from './wire';
/** Turns messages into frames and back. */
export interface Codec {
    /** Whether frames are binary. */
    readonly binary: boolean;
    encode(name: string, body: Body): string | ArrayBuffer;
    /** undefined: not ours to read. */
    decode(data: string | ArrayBuffer): {
        name: string;
        body: Body;
    } | undefined;
}
/** Leaf's JSON processor: {"Name": body}. Leaf sends its frames as binary ones whatever is in them. */
export declare const json: Codec;
/** Reads UTF-8. Mini games have no TextDecoder on every telephone. What is not UTF-8 becomes U+FFFD, a sequence at a time. */
export declare function utf8(bytes: Uint8Array): string;
/** Writes UTF-8. */
export declare function toUTF8(text: string): Uint8Array;
/** The longest id in bytes. */
export declare const maxId = 64;
/** Whether the server takes it for an id (msg.ValidID). */
export declare function validId(id: unknown): boolean;
