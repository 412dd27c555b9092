// What travels: the messages of payment.proto as a game sees them. Fields keep their names; amounts are whole coins below
// 2^53, so that a number holds them exactly; states and reasons are names in place of the wire's numbers.

/** The body of a message. */
export type Body = Record<string, unknown>;

const reasons = ['UNSPECIFIED', 'QUERY', 'LOGIN', 'PURCHASE', 'CANCEL', 'RECHARGE', 'PRESENT', 'REMOTE'] as const;
const orderStates = ['UNSPECIFIED', 'PENDING', 'DELIVERED', 'FAILED', 'CANCELLED'] as const;
const rechargeStates = ['UNSPECIFIED', 'CREDITED', 'PENDING', 'CANCELLED', 'FAILED'] as const;
const errorCodes = [
  'UNSPECIFIED', 'INVALID_ARGUMENT', 'NOT_LOGGED_IN', 'SESSION_EXPIRED', 'UNKNOWN_ITEM', 'INSUFFICIENT_BALANCE', 'BAD_TIER',
  'UNSUPPORTED_PLATFORM', 'RATE_LIMITED', 'BUSY', 'UNAVAILABLE', 'NOT_PERMITTED', 'INTERNAL',
  'PRICE_CHANGED', 'LIMIT_REACHED', 'NOT_GRANTED',
] as const;

export type Reason = (typeof reasons)[number];
export type OrderState = (typeof orderStates)[number];
export type RechargeState = (typeof rechargeStates)[number];
/** Why a server refuses. A name that this version does not know yet is UNSPECIFIED. */
export type ServerErrorCode = (typeof errorCodes)[number];

/** The player's account, in coins. */
export interface Balance {
  /** The request this answers; empty where nobody asked. */
  request_id: string;
  /** What the player can spend, bought and given coins together. */
  balance: number;
  /** The part of it that was given. */
  present_balance: number;
  /** Whether the condition of the first recharge holds. */
  first_save: boolean;
  /** All coins ever bought, ever received, ever spent and ever given. */
  save_amt: number;
  save_sum: number;
  cost_sum: number;
  present_sum: number;
  reason: Reason;
  /** The order that changed it, or empty. */
  bill_no: string;
  /** Grows with every balance. */
  version: number;
}

/** What became of a purchase. Until its state is DELIVERED, FAILED or CANCELLED another one follows. */
export interface PurchaseResult {
  request_id: string;
  bill_no: string;
  item_id: string;
  quantity: number;
  /** What it costs in all, in coins; 0 where it is paid for with money. */
  amount: number;
  state: OrderState;
  /** Why it failed, waits or was given back. */
  error?: ErrorBody;
  /** In coins, as far as the server knows. */
  balance: number;
}

/** What the server says went wrong. */
export interface ErrorBody {
  request_id: string;
  code: ServerErrorCode;
  message: string;
  retryable: boolean;
  retry_after_ms: number;
}

/** What wx.requestMidasPayment is given. */
export interface RechargeOptions {
  request_id: string;
  mode: string;
  /** 0 production, 1 sandbox. */
  env: number;
  offer_id: string;
  currency_type: string;
  platform: string;
  /** Coins. */
  buy_quantity: number;
  zone_id: string;
  /** Protocol V2; empty on V1. */
  out_trade_no: string;
}

/** What wx.requestMidasPaymentGameItem is given, every text unchanged. */
export interface GoodsOptions {
  request_id: string;
  sign_data: string;
  pay_sig: string;
  signature: string;
}

/** What became of a recharge. */
export interface RechargeResult {
  request_id: string;
  state: RechargeState;
  /** How many coins arrived; 0 unless CREDITED. */
  coins: number;
}

/** One of the player's orders. */
export interface Order {
  bill_no: string;
  request_id: string;
  item_id: string;
  quantity: number;
  amount: number;
  state: OrderState;
  /** Seconds since 1970-01-01 UTC. */
  created_unix: number;
}

/** Whether the shop is open. */
export interface ServiceState {
  available: boolean;
  /** When to try again, in milliseconds; 0 while available. */
  retry_after_ms: number;
}

/** The messages a server sends, by name. */
export interface Incoming {
  MidasLoginResult: { openid: string };
  MidasBalance: Balance;
  MidasPurchaseResult: PurchaseResult;
  MidasRechargeOptions: RechargeOptions;
  MidasRechargeResult: RechargeResult;
  MidasOrders: { orders: Order[]; more: boolean };
  MidasError: ErrorBody;
  MidasServiceState: ServiceState;
  MidasGoodsOptions: GoodsOptions;
}

/** A message from the server: one of ours, or the game's own. */
export type Message = { [N in keyof Incoming]: { name: N; body: Incoming[N] } }[keyof Incoming];

type Fields = Record<string, (value: unknown) => unknown>;

const text = (v: unknown) => (typeof v === 'string' ? v : '');
const amount = (v: unknown) => (typeof v === 'number' && Number.isSafeInteger(v) ? v : 0);
const flag = (v: unknown) => v === true;
const named = (names: readonly string[]) => (v: unknown) => names[amount(v)] ?? 'UNSPECIFIED';

const error: Fields = { request_id: text, code: named(errorCodes), message: text, retryable: flag, retry_after_ms: amount };
const order: Fields = {
  bill_no: text, request_id: text, item_id: text, quantity: amount, amount, state: named(orderStates), created_unix: amount,
};

/** Every message a server sends, with how its fields are read. A field that is missing is zero: a newer or older server is no fault. */
const incoming: Record<keyof Incoming, Fields> = {
  MidasLoginResult: { openid: text },
  MidasBalance: {
    request_id: text, balance: amount, present_balance: amount, first_save: flag, save_amt: amount, save_sum: amount,
    cost_sum: amount, present_sum: amount, reason: named(reasons), bill_no: text, version: amount,
  },
  MidasPurchaseResult: {
    request_id: text, bill_no: text, item_id: text, quantity: amount, amount, state: named(orderStates),
    error: (v) => (isBody(v) ? read(error, v) : undefined), balance: amount,
  },
  MidasRechargeOptions: {
    request_id: text, mode: text, env: amount, offer_id: text, currency_type: text, platform: text, buy_quantity: amount,
    zone_id: text, out_trade_no: text,
  },
  MidasRechargeResult: { request_id: text, state: named(rechargeStates), coins: amount },
  MidasOrders: { orders: (v) => (Array.isArray(v) ? v.filter(isBody).map((o) => read(order, o)) : []), more: flag },
  MidasError: error,
  MidasServiceState: { available: flag, retry_after_ms: amount },
  MidasGoodsOptions: { request_id: text, sign_data: text, pay_sig: text, signature: text },
};

/** Reads a message of ours; undefined: it is the game's own. */
export function readMessage(name: string, body: Body): Message | undefined {
  const fields = Object.prototype.hasOwnProperty.call(incoming, name) ? incoming[name as keyof Incoming] : undefined;
  // What read makes has the fields of the table, which are those of the type.
  return fields && ({ name, body: read(fields, body) } as unknown as Message);
}

export function isBody(v: unknown): v is Body {
  return typeof v === 'object' && v !== null && !Array.isArray(v);
}

function read(fields: Fields, body: Body): Body {
  const out: Body = {};
  for (const key of Object.keys(fields)) {
    const value = fields[key]?.(body[key]);
    if (value !== undefined) {
      out[key] = value;
    }
  }
  return out;
}
