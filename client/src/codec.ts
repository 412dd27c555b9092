import { isBody, type Body } from './wire';

/** Turns messages into frames and back. */
export interface Codec {
  /** Whether frames are binary. */
  readonly binary: boolean;
  encode(name: string, body: Body): string | ArrayBuffer;
  /** undefined: not ours to read. */
  decode(data: string | ArrayBuffer): { name: string; body: Body } | undefined;
}

/** Leaf's JSON processor: {"Name": body}. Leaf sends its frames as binary ones whatever is in them. */
export const json: Codec = {
  binary: false,
  encode: (name, body) => JSON.stringify({ [name]: body }),
  decode(data) {
    let frame: unknown;
    try {
      frame = JSON.parse(typeof data === 'string' ? data : utf8(new Uint8Array(data)));
    } catch {
      return undefined;
    }
    const names = isBody(frame) ? Object.keys(frame) : [];
    const name = names[0];
    if (!isBody(frame) || names.length !== 1 || name === undefined) {
      return undefined;
    }
    const body = frame[name];
    return isBody(body) ? { name, body } : undefined;
  },
};

/** Reads UTF-8. Mini games have no TextDecoder on every telephone. What is not UTF-8 becomes U+FFFD, a sequence at a time. */
export function utf8(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i++] ?? 0;
    const more = first < 0x80 ? 0 : first >> 5 === 6 ? 1 : first >> 4 === 14 ? 2 : first >> 3 === 30 ? 3 : -1;
    let point = more === 0 ? first : first & (0x3f >> more);
    let left = more;
    while (left > 0 && ((bytes[i] ?? 0) & 0xc0) === 0x80) {
      point = (point << 6) | ((bytes[i++] ?? 0) & 0x3f);
      left--;
    }
    const whole = more >= 0 && left === 0 && point <= 0x10ffff && point >= (least[more] ?? 0) && point >> 11 !== 0x1b;
    out += String.fromCodePoint(whole ? point : 0xfffd);
  }
  return out;
}

/** The smallest code point that takes that many more bytes. */
const least = [0, 0x80, 0x800, 0x10000];

/** Writes UTF-8. */
export function toUTF8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const one of text) {
    const p = one.codePointAt(0) ?? 0;
    const point = p >> 11 === 0x1b ? 0xfffd : p; // half of a pair
    if (point < 0x80) {
      bytes.push(point);
    } else if (point < 0x800) {
      bytes.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
      bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    } else {
      bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    }
  }
  return Uint8Array.from(bytes);
}

/** The longest id in bytes. */
export const maxId = 64;

/** Whether the server takes it for an id (msg.ValidID). */
export function validId(id: unknown): boolean {
  if (typeof id !== 'string' || id === '' || /[\u0000-\u001f\u007f-\u009f]/.test(id)) {
    return false;
  }
  const bytes = toUTF8(id);
  return bytes.length <= maxId && utf8(bytes) === id; // half of a pair is no UTF-8
}
