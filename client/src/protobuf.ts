// Leaf's protobuf processor: two bytes of message id, then the message. The messages are made by protoc-gen-es from payment.proto.
import './text';
import { fromBinary, fromJson, toBinary, toJson, type DescMessage, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import type { Codec } from './codec';
import * as generated from './generated/leafmidas/v1/payment_pb';
import { isBody, type Body } from './wire';

/** The messages that travel, in the frozen order in which msg.Register adds them. */
const schemas: readonly DescMessage[] = [
  generated.MidasLoginSchema, generated.MidasGetBalanceSchema, generated.MidasPurchaseSchema, generated.MidasRechargeSchema,
  generated.MidasRechargeDoneSchema, generated.MidasListOrdersSchema,
  generated.MidasLoginResultSchema, generated.MidasBalanceSchema, generated.MidasPurchaseResultSchema,
  generated.MidasRechargeOptionsSchema, generated.MidasRechargeResultSchema, generated.MidasOrdersSchema, generated.MidasErrorSchema,
  generated.MidasServiceStateSchema,
  generated.MidasBuyGoodsSchema, generated.MidasGoodsOptionsSchema,
  generated.MidasGetCatalogueSchema, generated.MidasCatalogueSchema,
  generated.MidasListRechargesSchema, generated.MidasRechargesSchema,
];

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
export function idsFrom(first: number): Record<string, number> {
  const ids: Record<string, number> = {};
  schemas.forEach((schema, i) => { ids[schema.name] = first + i; });
  return ids;
}

/** The codec for a Leaf gate with a protobuf processor. */
export function protobuf(options: ProtobufOptions): Codec {
  const kinds = new Map<string, HostMessage>(Object.entries(options.messages ?? {}));
  for (const schema of schemas) {
    const id = options.ids[schema.name];
    if (id !== undefined) {
      kinds.set(schema.name, ours(schema, id));
    }
  }
  const names = new Map<number, string>();
  for (const [name, { id }] of kinds) {
    if (!Number.isInteger(id) || id < 0 || id > 0xffff || names.has(id)) {
      throw new Error(`leafmidas: the id of ${name} is ${id}: ${names.get(id) ?? 'not a number of two bytes'}`);
    }
    names.set(id, name);
  }
  const littleEndian = options.littleEndian ?? false;
  return {
    binary: true,
    encode(name, body) {
      const kind = kinds.get(name);
      if (!kind) {
        throw new TypeError(`leafmidas: ${name} has no id: add it to the options of protobuf()`);
      }
      const bytes = kind.encode(body);
      const frame = new Uint8Array(2 + bytes.length);
      new DataView(frame.buffer).setUint16(0, kind.id, littleEndian);
      frame.set(bytes, 2);
      return frame.buffer;
    },
    decode(data) {
      if (typeof data === 'string' || data.byteLength < 2) {
        return undefined;
      }
      const name = names.get(new DataView(data).getUint16(0, littleEndian));
      const kind = name === undefined ? undefined : kinds.get(name);
      if (name === undefined || !kind) {
        return undefined;
      }
      try {
        return { name, body: kind.decode(new Uint8Array(data, 2)) };
      } catch {
        return undefined;
      }
    },
  };
}

/** A message of ours has the same fields as in JSON: names of payment.proto, enums as numbers, integers as numbers. */
function ours(schema: DescMessage, id: number): HostMessage {
  return {
    id,
    encode(body) {
      try {
        return toBinary(schema, fromJson(schema, body as JsonObject));
      } catch (e) {
        throw new TypeError(`leafmidas: ${schema.name}: ${String(e)}`);
      }
    },
    decode(bytes) {
      const body = toJson(schema, fromBinary(schema, bytes), { alwaysEmitImplicit: true, enumAsInteger: true, useProtoFieldName: true });
      const read = numbers(schema, body);
      return isBody(read) ? read : {};
    },
  };
}

/** Turns the texts that protobuf's JSON has for 64-bit integers into numbers; the server keeps them below 2^53. */
function numbers(schema: DescMessage, value: JsonValue): unknown {
  if (!isBody(value)) {
    return value;
  }
  const out: Body = { ...value };
  for (const field of schema.fields) {
    const v = value[field.name] as JsonValue | undefined;
    if (field.fieldKind === 'scalar' && typeof v === 'string' && field.scalar === int64) {
      out[field.name] = Number(v);
    } else if (field.fieldKind === 'message' && v !== undefined) {
      out[field.name] = numbers(field.message, v);
    } else if (field.fieldKind === 'list' && field.listKind === 'message' && Array.isArray(v)) {
      out[field.name] = v.map((one) => numbers(field.message, one));
    }
  }
  return out;
}

/** ScalarType.INT64: the only wide integer of payment.proto. */
const int64 = 3;
