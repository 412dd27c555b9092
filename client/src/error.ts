import type { ErrorBody, PurchaseResult, ServerErrorCode } from './wire';

/** The server's reasons, and the client's own. */
export type MidasErrorCode =
  | ServerErrorCode
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
export class MidasError extends Error {
  override readonly name = 'MidasError';
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

  constructor(code: MidasErrorCode, message: string, details: Details = {}) {
    super(`${code}: ${message}`);
    this.code = code;
    this.retryable = details.retryable ?? false;
    this.retryAfterMs = details.retryAfterMs ?? 0;
    this.requestId = details.requestId ?? '';
    if (details.order) {
      this.order = details.order;
    }
    if (details.errCode !== undefined) {
      this.errCode = details.errCode;
    }
    if (details.price) {
      this.price = details.price;
    }
    if (details.nearest?.length) {
      this.nearest = details.nearest;
    }
  }
}

/** The server's refusal. */
export function refusal(e: ErrorBody): MidasError {
  return new MidasError(e.code, e.message, {
    retryable: e.retryable, retryAfterMs: e.retry_after_ms, requestId: e.request_id, price: e.price,
    nearest: [e.nearest_below, e.nearest_above].filter((n) => n > 0),
  });
}

/** The error of an order that ended without the item. The server's code counts where it says more than that. */
export function orderEnd(r: PurchaseResult): MidasError {
  const own = r.state === 'CANCELLED' ? 'ORDER_CANCELLED' : 'ORDER_FAILED';
  const vague = !r.error || r.error.code === 'UNAVAILABLE' || r.error.code === 'INTERNAL' || r.error.code === 'UNSPECIFIED';
  return new MidasError(r.error && !vague ? r.error.code : own, r.error?.message || 'the order ended without the item', {
    retryable: r.error?.retryable ?? false, requestId: r.request_id, order: r,
  });
}

/** The error of an order that stands still until an operator has looked at it. */
export function disputed(r: PurchaseResult): MidasError {
  const why = r.error?.message || 'this order is being looked into';
  return new MidasError('INTERNAL', `${why} (bill ${r.bill_no})`, { retryable: true, requestId: r.request_id, order: r });
}

interface Meaning {
  code?: MidasErrorCode;
  says: string;
  retryable?: boolean;
}

/** What the payment window's codes mean (midas-protocol.md §1.1, §3.6, and the runbook). Every other one is PAYMENT_FAILED. */
const meanings: Record<number, Meaning> = {
  [-1]: { says: 'WeChat had a failure', retryable: true },
  [-2]: { code: 'PAYMENT_CANCELLED', says: 'the payment was cancelled' },
  [-6]: { says: 'an option has the wrong type' },
  [-15001]: { says: 'an option is missing' },
  [-15002]: { says: 'an option is not valid' },
  [-15003]: { says: 'the order number was used before' },
  [-15004]: { says: "WeChat's back end had a failure", retryable: true },
  [-15005]: { says: 'the game may not use virtual payment' },
  [-15006]: { says: 'the currency is not supported, or the game may not use virtual payment' },
  [-15009]: { says: 'over the limit of the health system for minors; WeChat has told the player' },
  [-15010]: { says: 'a released game cannot pay in the sandbox' },
  [-15011]: { says: 'an option has the wrong type' },
  [-15012]: { says: 'the signature is not valid' },
  [-15013]: { says: 'the coin is not published' },
  [-15014]: { says: 'paySig is not valid' },
  [-15015]: { code: 'SESSION_EXPIRED', says: "the player's session has expired", retryable: true },
  [-15016]: { says: 'the price is not the one in the back office' },
  [-15017]: { says: 'the order is closed' },
  1: { code: 'PAYMENT_CANCELLED', says: 'the player cancelled' },
  2: { code: 'PAYMENT_BUSY', says: 'another payment is under way', retryable: true },
  3: { says: 'Google Play was chosen and is not installed' },
  4: { says: "the telephone's payment is in an abnormal state" },
  5: { says: "the telephone's system reported an error" },
  6: { says: 'another error' },
  7: { code: 'PAYMENT_CANCELLED', says: 'the payment was cancelled' },
  1000: { says: 'an option is wrong' },
  1001: { says: 'the zone is not published, or an option is wrong' },
  1003: { says: 'the coin or the zone is not published, or the merchant is banned' },
  1008: { says: 'WeChat is busy', retryable: true },
  1016: { says: 'WeChat is busy, or the sandbox is not published', retryable: true },
  3017: { says: 'the item is not in the back office' },
  701001: { code: 'UNSUPPORTED_PLATFORM', says: 'this device, or the way it is set up, cannot pay' },
};

/** The window's word for an order that is paid already. */
const paidAlready = -15007;

/** An error of a payment window. */
export type PaymentFailure = MidasError & { readonly errCode: number };

/** The error of a payment window; undefined: it is paid all the same. reason is what the call was failed with: {errCode, errMsg}, as WeChat does,
 * where errCode may be a text or missing. */
export function paymentError(reason: unknown, requestId: string): PaymentFailure | undefined {
  const given = (typeof reason === 'object' && reason !== null ? reason : { errMsg: reason }) as { errCode?: unknown; errMsg?: unknown; message?: unknown };
  const number = typeof given.errCode === 'number' || typeof given.errCode === 'string' ? Number(given.errCode) : NaN;
  const known = Number.isSafeInteger(number) && number !== 0; // older WeChat tells errMsg only
  const errCode = known ? number : -1;
  if (errCode === paidAlready) {
    return undefined;
  }
  const told = typeof given.errMsg === 'string' ? given.errMsg : typeof given.message === 'string' ? given.message : '';
  const meaning: Meaning = meanings[errCode] ?? { says: 'the payment window reported a failure' };
  // Without a number the words of WeChat are all there is.
  const cancelled = !known && /fail[\s:]*cancel/.test(told);
  const code = cancelled ? 'PAYMENT_CANCELLED' : (meaning.code ?? 'PAYMENT_FAILED');
  const message = `${cancelled ? 'the player cancelled' : meaning.says} (errCode ${cancelled ? 1 : errCode}${told && ', ' + told})`;
  return new MidasError(code, message, {
    retryable: !cancelled && (meaning.retryable ?? false), requestId, errCode: cancelled ? 1 : errCode,
  }) as PaymentFailure;
}
