/** The body of a message. */
export type Body = Record<string, unknown>;
declare const reasons: readonly ['UNSPECIFIED', 'QUERY', 'LOGIN', 'PURCHASE', 'CANCEL', 'RECHARGE', 'PRESENT', 'REMOTE'];
declare const orderStates: readonly ['UNSPECIFIED', 'PENDING', 'DELIVERED', 'FAILED', 'CANCELLED'];
declare const serviceReasons: readonly ['UNSPECIFIED', 'PAUSED', 'UNREACHABLE'];
declare const rechargeStates: readonly ['UNSPECIFIED', 'CREDITED', 'PENDING', 'CANCELLED', 'FAILED'];
declare const errorCodes: readonly ['UNSPECIFIED', 'INVALID_ARGUMENT', 'NOT_LOGGED_IN', 'SESSION_EXPIRED', 'UNKNOWN_ITEM', 'INSUFFICIENT_BALANCE', 'BAD_TIER', 'UNSUPPORTED_PLATFORM', 'RATE_LIMITED', 'BUSY', 'UNAVAILABLE', 'NOT_PERMITTED', 'INTERNAL', 'PRICE_CHANGED', 'LIMIT_REACHED', 'NOT_GRANTED'];
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
    MidasRecharges: {
        request_id: string;
        recharges: RechargeRecord[];
        more: boolean;
    };
    MidasError: ErrorBody;
    MidasServiceState: ServiceState;
    MidasGoodsOptions: GoodsOptions;
    MidasCatalogue: Catalogue;
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
