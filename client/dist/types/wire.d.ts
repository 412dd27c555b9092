/** The body of a message. */
export type Body = Record<string, unknown>;
declare const reasons: readonly ['UNSPECIFIED', 'QUERY', 'LOGIN', 'PURCHASE', 'CANCEL', 'RECHARGE', 'PRESENT', 'REMOTE'];
declare const orderStates: readonly ['UNSPECIFIED', 'PENDING', 'DELIVERED', 'FAILED', 'CANCELLED'];
declare const rechargeStates: readonly ['UNSPECIFIED', 'CREDITED', 'PENDING', 'CANCELLED', 'FAILED'];
declare const errorCodes: readonly ['UNSPECIFIED', 'INVALID_ARGUMENT', 'NOT_LOGGED_IN', 'SESSION_EXPIRED', 'UNKNOWN_ITEM', 'INSUFFICIENT_BALANCE', 'BAD_TIER', 'UNSUPPORTED_PLATFORM', 'RATE_LIMITED', 'BUSY', 'UNAVAILABLE', 'NOT_PERMITTED', 'INTERNAL', 'PRICE_CHANGED', 'LIMIT_REACHED', 'NOT_GRANTED'];
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
    MidasLoginResult: {
        openid: string;
    };
    MidasBalance: Balance;
    MidasPurchaseResult: PurchaseResult;
    MidasRechargeOptions: RechargeOptions;
    MidasRechargeResult: RechargeResult;
    MidasOrders: {
        orders: Order[];
        more: boolean;
    };
    MidasError: ErrorBody;
    MidasServiceState: ServiceState;
    MidasGoodsOptions: GoodsOptions;
}
/** A message from the server: one of ours, or the game's own. */
export type Message = {
    [N in keyof Incoming]: {
        name: N;
        body: Incoming[N];
    };
}[keyof Incoming];
/** Reads a message of ours; undefined: it is the game's own. */
export declare function readMessage(name: string, body: Body): Message | undefined;
export declare function isBody(v: unknown): v is Body;
export {};
