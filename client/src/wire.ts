// What travels: the messages of payment.proto as a game sees them. Fields keep their names; amounts are whole coins below
// 2^53, so that a number holds them exactly; states and reasons are names in place of the wire's numbers.

/** The body of a message. */
export type Body = Record<string, unknown>;

const reasons = ['UNSPECIFIED', 'QUERY', 'LOGIN', 'PURCHASE', 'CANCEL', 'RECHARGE', 'PRESENT', 'REMOTE'] as const;
const orderStates = ['UNSPECIFIED', 'PENDING', 'DELIVERED', 'FAILED', 'CANCELLED'] as const;
const serviceReasons = ['UNSPECIFIED', 'PAUSED', 'UNREACHABLE'] as const;
const rechargeStates = ['UNSPECIFIED', 'CREDITED', 'PENDING', 'CANCELLED', 'FAILED'] as const;
const errorCodes = [
  'UNSPECIFIED', 'INVALID_ARGUMENT', 'NOT_LOGGED_IN', 'SESSION_EXPIRED', 'UNKNOWN_ITEM', 'INSUFFICIENT_BALANCE', 'BAD_TIER',
  'UNSUPPORTED_PLATFORM', 'RATE_LIMITED', 'BUSY', 'UNAVAILABLE', 'NOT_PERMITTED', 'INTERNAL',
  'PRICE_CHANGED', 'LIMIT_REACHED', 'NOT_GRANTED',
] as const;

export type Reason = (typeof reasons)[number];
export type ServiceReason = (typeof serviceReasons)[number];
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
  /** Midas could not be asked: this is the last that it said, at as_of_unix (seconds since 1970-01-01 UTC), and for showing only. */
  stale: boolean;
  as_of_unix: number;
  /** Coins in WeChat's recharge centre; 0 where the server does not ask for them. */
  center_balance: number;
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
  /** Of PRICE_CHANGED: what it costs now in all, in coins, or in 1/100 yuan where it is paid for with money. */
  price: number;
  /** Of BAD_TIER: the nearest amounts of coins that can be bought; 0: none. */
  nearest_below: number;
  nearest_above: number;
}

/** What wx.requestMidasPayment is given or, where sign_data is not empty, wx.requestMidasPaymentGameItem. */
export interface RechargeOptions {
  request_id: string;
  mode: string;
  /** 0 production, 1 sandbox. */
  env: number;
  offer_id: string;
  currency_type: string;
  /** Empty: left out. */
  platform: string;
  /** Coins. */
  buy_quantity: number;
  zone_id: string;
  /** Protocol V2; empty on V1. */
  out_trade_no: string;
  /** Of the signed call; empty where coins are not bought with a signature. */
  sign_data: string;
  pay_sig: string;
  signature: string;
}

/** What wx.requestMidasPaymentGameItem is given, every text unchanged. */
export interface GoodsOptions {
  request_id: string;
  sign_data: string;
  pay_sig: string;
  signature: string;
}

/** An item of the catalogue. */
export interface CatalogueItem {
  item_id: string;
  name: string;
  /** The price of one: in coins (0: not sold for coins), and in 1/100 yuan (0: not sold for money, or not on this device). */
  price: number;
  fen: number;
  /** How many more this player can buy; -1: no limit, 0: sold out. */
  limit_left: number;
}

/** An amount of coins that can be bought. */
export interface RechargeOffer {
  buy_quantity: number;
  /** In 1/100 yuan. */
  fen: number;
  /** Whether the condition of the first recharge would hold. */
  first_save: boolean;
}

/** What this player can buy on this device. */
export interface Catalogue {
  request_id: string;
  /** Tells catalogues apart; it does not grow. */
  version: number;
  items: CatalogueItem[];
  /** The smallest first; empty where coins cannot be bought. */
  recharges: RechargeOffer[];
  can_recharge: boolean;
  /** Why not, and what would help, for the player to read. */
  reason: string;
  /** Another part follows; never set in what the client hands out. */
  more: boolean;
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

/** A try to buy coins, and what became of it. */
export interface RechargeRecord {
  /** The client's own id for it. */
  request_id: string;
  /** How many coins were asked for, and how many came; 0 until they have. */
  buy_quantity: number;
  coins: number;
  /** What buy_quantity costs, in 1/100 yuan; 0: nothing sells for that any more. */
  fen: number;
  /** One that is CANCELLED or FAILED may still be credited, if it was paid after all. */
  state: RechargeState;
  /** It was credited after its payment window was closed, or had failed. */
  late: boolean;
  /** When it was begun, and when its state changed last: seconds since 1970-01-01 UTC. */
  created_unix: number;
  updated_unix: number;
  /** The game's number for it (protocol V2), for support; empty on V1. */
  out_trade_no: string;
  /** The numbers on the receipt of WeChat Pay; empty while they are not known. */
  mch_order_no: string;
  transaction_id: string;
}

/** Whether the shop is open. A player who logs in while it is closed is told, too. */
export interface ServiceState {
  available: boolean;
  /** When to try again, in milliseconds; 0 while available. */
  retry_after_ms: number;
  /** Why it is closed: PAUSED by an operator, or payment is UNREACHABLE; UNSPECIFIED while available, and of older servers. */
  reason: ServiceReason;
}

/** The messages a server sends, by name. */
export interface Incoming {
  MidasLoginResult: { openid: string };
  MidasBalance: Balance;
  MidasPurchaseResult: PurchaseResult;
  MidasRechargeOptions: RechargeOptions;
  MidasRechargeResult: RechargeResult;
  MidasOrders: { orders: Order[]; more: boolean };
  MidasRecharges: { request_id: string; recharges: RechargeRecord[]; more: boolean };
  MidasError: ErrorBody;
  MidasServiceState: ServiceState;
  MidasGoodsOptions: GoodsOptions;
  MidasCatalogue: Catalogue;
}

/** A message from the server: one of ours, or the game's own. */
export type Message = { [N in keyof Incoming]: { name: N; body: Incoming[N] } }[keyof Incoming];

type Fields = Record<string, (value: unknown) => unknown>;

const text = (v: unknown) => (typeof v === 'string' ? v : '');
const amount = (v: unknown) => (typeof v === 'number' && Number.isSafeInteger(v) ? v : 0);
const flag = (v: unknown) => v === true;
const named = (names: readonly string[]) => (v: unknown) => names[amount(v)] ?? 'UNSPECIFIED';

const error: Fields = { request_id: text, code: named(errorCodes), message: text, retryable: flag, retry_after_ms: amount, price: amount, nearest_below: amount, nearest_above: amount };
const order: Fields = {
  bill_no: text, request_id: text, item_id: text, quantity: amount, amount, state: named(orderStates), created_unix: amount,
};

const list = (fields: Fields) => (v: unknown) => (Array.isArray(v) ? v.filter(isBody).map((one) => read(fields, one)) : []);
const item: Fields = { item_id: text, name: text, price: amount, fen: amount, limit_left: amount };
const record: Fields = {
  request_id: text, buy_quantity: amount, coins: amount, fen: amount, state: named(rechargeStates), late: flag, created_unix: amount,
  updated_unix: amount, out_trade_no: text, mch_order_no: text, transaction_id: text,
};
const offer: Fields = { buy_quantity: amount, fen: amount, first_save: flag };

/** Every message a server sends, with how its fields are read. A field that is missing is zero: a newer or older server is no fault. */
const incoming: Record<keyof Incoming, Fields> = {
  MidasLoginResult: { openid: text },
  MidasBalance: {
    request_id: text, balance: amount, present_balance: amount, first_save: flag, save_amt: amount, save_sum: amount,
    cost_sum: amount, present_sum: amount, reason: named(reasons), bill_no: text, version: amount,
    stale: flag, as_of_unix: amount, center_balance: amount,
  },
  MidasPurchaseResult: {
    request_id: text, bill_no: text, item_id: text, quantity: amount, amount, state: named(orderStates),
    error: (v) => (isBody(v) ? read(error, v) : undefined), balance: amount,
  },
  MidasRechargeOptions: {
    request_id: text, mode: text, env: amount, offer_id: text, currency_type: text, platform: text, buy_quantity: amount,
    zone_id: text, out_trade_no: text, sign_data: text, pay_sig: text, signature: text,
  },
  MidasRechargeResult: { request_id: text, state: named(rechargeStates), coins: amount },
  MidasOrders: { orders: list(order), more: flag },
  MidasRecharges: { request_id: text, recharges: list(record), more: flag },
  MidasError: error,
  MidasServiceState: { available: flag, retry_after_ms: amount, reason: named(serviceReasons) },
  MidasGoodsOptions: { request_id: text, sign_data: text, pay_sig: text, signature: text },
  MidasCatalogue: {
    request_id: text, version: amount, items: list(item), recharges: list(offer), can_recharge: flag, reason: text, more: flag,
  },
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
