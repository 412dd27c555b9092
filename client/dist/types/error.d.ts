import type { ErrorBody, PurchaseResult, ServerErrorCode } from './wire';
/** The server's reasons, and the client's own. */
export type MidasErrorCode = ServerErrorCode
/** close() was called, or had been. */
 | 'CLOSED'
/** The signal that was passed said so. The order may go through all the same: onOrder tells. */
 | 'ABORTED'
/** The player closed the payment window. */
 | 'PAYMENT_CANCELLED'
/** Another payment window of this game is open. */
 | 'PAYMENT_BUSY'
/** The payment window reported a failure; errCode tells which. */
 | 'PAYMENT_FAILED'
/** The order ended without the item, and nothing was deducted. */
 | 'ORDER_FAILED'
/** The order ended without the item, and what was paid has been given back. */
 | 'ORDER_CANCELLED';
interface Details {
    retryable?: boolean;
    retryAfterMs?: number;
    requestId?: string;
    order?: PurchaseResult;
    errCode?: number;
    price?: number;
    nearest?: number[];
}
/** Why something did not happen. */
export declare class MidasError extends Error {
    readonly name = "MidasError";
    readonly code: MidasErrorCode;
    /** Whether asking again may help. Ask under the same requestId: nothing is bought twice. With an order that has ended, that id is spent, and
     * asking again is another purchase; one that is PENDING is asked for under the same id. */
    readonly retryable: boolean;
    /** How long to wait before that, in milliseconds; 0: no advice. */
    readonly retryAfterMs: number;
    /** The request this is about; empty where there is none. */
    readonly requestId: string;
    /** The order, where there is one. */
    readonly order?: PurchaseResult;
    /** What WeChat's payment window reported. */
    readonly errCode?: number;
    /** Of PRICE_CHANGED: what it costs now in all, in coins, or in 1/100 yuan where it is paid for with money. */
    readonly price?: number;
    /** Of BAD_TIER: the nearest amounts of coins that can be bought. */
    readonly nearest?: number[];
    constructor(code: MidasErrorCode, message: string, details?: Details);
}
/** The server's refusal. */
export declare function refusal(e: ErrorBody): MidasError;
/** The error of an order that ended without the item. The server's code counts where it says more than that. */
export declare function orderEnd(r: PurchaseResult): MidasError;
/** The error of an order that stands still until an operator has looked at it. */
export declare function disputed(r: PurchaseResult): MidasError;
/** An error of a payment window. */
export type PaymentFailure = MidasError & {
    readonly errCode: number;
};
/** The error of a payment window; undefined: it is paid all the same. reason is what the call was failed with: {errCode, errMsg}, as WeChat does,
 * where errCode may be a text or missing. */
export declare function paymentError(reason: unknown, requestId: string): PaymentFailure | undefined;
export {};
