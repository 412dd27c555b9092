import { type AbortSignalLike } from './asks';
import { type Codec } from './codec';
import { type ConnectionState } from './connection';
import { type Platform, type Support } from './platform';
import type { Balance, Body, Catalogue, Order, PurchaseResult, RechargeRecord, RechargeResult, ServiceState } from './wire';
export interface ClientOptions {
    /** ws:// or, in a released mini game, wss://. */
    url: string;
    /** Default: the mini game's, by the global wx. */
    platform?: Platform;
    /** Default: json. */
    codec?: Codec;
    /** The partition to play in. Default: the server's. */
    zoneId?: string;
    /** How long one request waits for an answer before the connection is distrusted, in milliseconds. Default: 10000. */
    timeoutMs?: number;
    /** How long a payment window may stay open without a word, of its own or of the server's about it, in milliseconds. Default: 600000. */
    windowMs?: number;
    /** The bounds of the pause before a new connection, in milliseconds: any time up to firstMs, then up to twice that, … Default: 500, 30000. */
    backoff?: {
        firstMs?: number;
        maxMs?: number;
    };
    /** Makes ids of 1 to 64 bytes, unique per player. Default: random. */
    newRequestId?: () => string;
}
/** A player's account, orders and payments over the game's own connection. */
export declare class MidasClient {
    private readonly connection;
    private readonly asks;
    private readonly windows;
    private readonly pulse;
    private readonly platform;
    private readonly timeoutMs;
    private readonly backoff;
    private readonly newRequestId;
    private newest;
    /** Whose it is. */
    private known;
    /** A login's balance is on its way. */
    private greeting;
    /** The newest since the last login. */
    private heard;
    /** What is known is from before it. */
    private outdated;
    private looks;
    private looking;
    private loggingIn;
    private listing;
    private readonly balances;
    private readonly orders;
    private readonly catalogues;
    /** The parts of a catalogue that have come so far. */
    private part;
    private browses;
    private readonly services;
    private readonly states;
    private readonly messages;
    constructor(options: ClientOptions);
    get state(): ConnectionState;
    get openid(): string | undefined;
    /** The newest balance known. */
    get balance(): Balance | undefined;
    /** Connects and keeps connected until close(). Resolves when logged in. Rejects when the server will not have the player, or at close():
     * then, as before the first call, whatever is asked is rejected at once.
     * While the client waits to connect again it does so at once, and where it is connected it asks for the balance: a connection that does not
     * answer within 5 seconds is replaced. Call it in wx.onShow, for WeChat cuts a game off in the background and need not tell it. */
    login(): Promise<{
        openid: string;
    }>;
    /** Ends it for good. Whatever waits is rejected with CLOSED; what was asked may still happen at the server. */
    close(): void;
    /** Asks the server for the balance. Rejects with UNAVAILABLE if three times timeoutMs bring no answer. */
    getBalance(): Promise<Balance>;
    /** Calls back at once if a balance is known, and for every newer one. Returns the way to stop. */
    onBalance(listener: (b: Balance) => void): () => void;
    /** Calls back for every MidasPurchaseResult: answers, and what pending orders became later. */
    onOrder(listener: (r: PurchaseResult) => void): () => void;
    /** Calls back when the shop closes or opens. */
    onService(listener: (s: ServiceState) => void): () => void;
    /** Calls back when the connection comes and goes. reason says why it is offline, in words for the game's developer. */
    onState(listener: (s: ConnectionState, reason?: string) => void): () => void;
    /** Asks what this player can buy on this device. From then on onCatalogue hears of every change. An older server closes the connection on
     * this question: ask it only of servers that have it (leafmidas from 2026-12 on). */
    getCatalogue(): Promise<Catalogue>;
    /** Calls back for every catalogue, after getCatalogue. */
    onCatalogue(listener: (c: Catalogue) => void): () => void;
    /** Tells whether this device can pay with money, as far as WeChat and its versions say. */
    canPay(): Promise<Support>;
    /** Buys with coins. Resolves when DELIVERED, rejects when FAILED, CANCELLED or refused, or when an operator has to decide. It goes on over new
     * connections under the same request id. expectedAmount is what the player saw that it costs in all, in coins: at another price it is
     * refused with PRICE_CHANGED, and nothing is deducted. */
    purchase(itemId: string, quantity?: number, options?: {
        requestId?: string;
        signal?: AbortSignalLike;
        expectedAmount?: number;
    }): Promise<PurchaseResult>;
    /** Buys coins with money: asks for the options, opens WeChat's payment window, and tells the server how it ended. Resolves with CREDITED, or
     * with PENDING: paid, and the coins will come in a balance by themselves. Rejects when the window was cancelled or failed, and no coins came.
     * A window that does not call back ends when the server says that the coins came, or after windowMs. */
    recharge(buyQuantity: number, options?: {
        requestId?: string;
    }): Promise<RechargeResult>;
    /** Buys an item with money (V2): asks for the signed options, opens the payment window, resolves when DELIVERED. With the request id of an
     * earlier one it goes on where that one stands, and opens the window only if it is not paid. A window that does not call back ends when the
     * server knows that it was paid, or after windowMs. */
    buyGoods(itemId: string, quantity?: number, options?: {
        requestId?: string;
        signal?: AbortSignalLike;
        expectedFen?: number;
    }): Promise<PurchaseResult>;
    /** Rejects where this device certainly cannot pay, before anything is asked. */
    private mayPay;
    /** Buys coins by the signed call where there is one, so that nobody changes the quantity, and else by the plain one. */
    private payCoins;
    /** Lists the player's orders, newest first. before is the bill_no of the last one seen. */
    listOrders(options?: {
        limit?: number;
        before?: string;
    }): Promise<{
        orders: Order[];
        more: boolean;
    }>;
    /** Lists the player's recharges, newest first, whatever became of them. before is the request_id of the last one seen. An older server closes
     * the connection on this question: ask it only of servers that have it (leafmidas from 2026-12 on). */
    listRecharges(options?: {
        limit?: number;
        before?: string;
    }): Promise<{
        recharges: RechargeRecord[];
        more: boolean;
    }>;
    /** Sends a message of the game's own, if the connection is up; else it is lost. */
    send(name: string, body: Body): void;
    /** Calls back for every message of that name: the game's own, or ours. */
    on(name: string, listener: (body: Body) => void): () => void;
    private take;
    /** An error without a request id is the login's balance that did not come, or a list's. If a list may be asked again, nothing is lost by that. */
    private isOfList;
    /** Asks for the balance that a login did not bring, again and again until one comes or the connection is lost. */
    private lookLater;
    /** Puts the parts of a catalogue together, which follow one another. */
    private collect;
    private see;
    private stateChanged;
    private loggedIn;
    private end;
    /** Waits for an answer no longer than timeoutMs. */
    private soon;
    /** Logs in again, and waits for that no longer than timeoutMs. */
    private freshSession;
}
