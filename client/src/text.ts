// Mini games have no TextEncoder and TextDecoder on every telephone, and the protobuf library needs them as soon as it is
// loaded: this module has to be imported before it.
import { configureTextEncoding } from '@bufbuild/protobuf/wire';
import { toUTF8, utf8 } from './codec';

configureTextEncoding({
  encodeUtf8: (text) => toUTF8(text) as Uint8Array<ArrayBuffer>,
  decodeUtf8: utf8,
  // What is no UTF-8 cannot be sent: half of a surrogate pair.
  checkUtf8: (text) => utf8(toUTF8(text)) === text,
});
