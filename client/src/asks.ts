import { maxId, validId } from './codec';
import { jitter, type Backoff, type Connection } from './connection';
import { MidasError, refusal } from './error';
import type { Body, Message } from './wire';

/** What an AbortController's signal has, where there is one. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener?(type: 'abort', listener: () => void): void;
}

/** What a question's reader says of an answer that is not the last. */
export const later = Symbol('later');

/** Something to ask the server. */
export interface Question<T> {
  /** The request_id; empty: the message has none. */
  id: string;
  name: string;
  body: Body;
  /** Reads an answer: its value, or that another follows, or (undefined) that it answers something else. May throw a MidasError. */
  read(m: Message): T | typeof later | undefined;
  /** How long it may take in all, over every connection. Default: as long as it takes. */
  withinMs?: number;
  /** A refusal that may pass is no answer. */
  insists?: boolean;
  /** It is for an order, which the server finds again by the id: from when it has this question, or (known) perhaps from before. */
  order?: 'new' | 'known';
  signal?: AbortSignalLike | undefined;
}

interface Ask {
  q: Question<unknown>;
  begun: number;
  /** Of the login it was last sent under; 0: never. */
  session: number;
  waiting: boolean;
  /** The server may have taken it: a connection was lost before the answer, or it said that another answer follows. */
  taken: boolean;
  /** The server wants the player to log in again first. */
  expired: boolean;
  expiries: number;
  putOff: number;
  looks: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  end(outcome: { value: unknown } | { error: MidasError }): void;
}

/** How often one question lets the player log in again. */
const maxExpiries = 3;
/** The longest pause between looks at an order that is still pending, in milliseconds. */
const longestLook = 60_000;

/** What has been asked and not been answered. It is asked again on every new connection, under the same request id. */
export class Asks {
  private readonly open = new Set<Ask>();
  /** Why nothing is asked while there is no connection and none to come. */
  private why = new MidasError('NOT_LOGGED_IN', 'call login() first', { retryable: true });

  constructor(private readonly connection: Connection, private readonly timeoutMs: number, private readonly backoff: Backoff) {}

  ask<T>(q: Question<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (q.signal?.aborted || !this.connection.running) {
        reject(q.signal?.aborted ? aborted(q.id) : about(this.why, q, q.order === 'known'));
        return;
      }
      // A server cannot say whom it answers under an id that is none, and a frame that is too long is answered by none at all.
      const wrong = ['request_id', 'item_id'].find((name) => name in q.body && !validId(q.body[name]));
      if (wrong !== undefined) {
        reject(new MidasError('INVALID_ARGUMENT', `${wrong} has 1 to ${maxId} bytes of UTF-8 and no control characters`, { requestId: q.id }));
        return;
      }
      let total: ReturnType<typeof setTimeout> | undefined;
      const abort = () => ask.end({ error: aborted(q.id) });
      const ask: Ask = {
        q, begun: Date.now(), session: 0, waiting: false, taken: q.insists ?? false, expired: false,
        expiries: 0, putOff: 0, looks: 0, timer: undefined,
        end: (outcome) => {
          this.open.delete(ask);
          clearTimeout(ask.timer);
          clearTimeout(total);
          q.signal?.removeEventListener?.('abort', abort);
          if ('error' in outcome) {
            reject(outcome.error);
          } else {
            resolve(outcome.value as T);
          }
        },
      };
      q.signal?.addEventListener('abort', abort);
      if (q.withinMs !== undefined) {
        total = setTimeout(() => ask.end({ error: unanswered(q.id) }), q.withinMs);
      }
      this.open.add(ask);
      this.send(ask);
    });
  }

  /** The connection is logged in: what is open is asked, on a fresh one all of it. */
  loggedIn(fresh: boolean): void {
    for (const ask of [...this.open]) {
      if (fresh || ask.expired) {
        this.send(ask);
      }
    }
  }

  /** The connection is lost. */
  lost(): void {
    for (const ask of this.open) {
      clearTimeout(ask.timer);
      ask.taken = ask.taken || ask.waiting;
      ask.waiting = false;
    }
  }

  /** Hands a message to those who asked. */
  take(m: Message): void {
    for (const ask of [...this.open]) {
      if (m.name === 'MidasError') {
        if (m.body.request_id === ask.q.id && ask.session > 0) {
          this.refused(ask, refusal(m.body));
        }
        continue;
      }
      let value: unknown;
      try {
        value = ask.q.read(m);
      } catch (e) {
        this.connection.answered();
        ask.end({ error: e as MidasError });
        continue;
      }
      if (value === undefined) {
        continue;
      }
      this.connection.answered();
      if (value !== later) {
        ask.end({ value });
        continue;
      }
      ask.taken = true;
      if (m.name === 'MidasPurchaseResult' && m.body.error?.code === 'SESSION_EXPIRED' && ask.expiries < maxExpiries) {
        ask.expiries++;
        this.connection.relogin(); // the order goes on by itself then
      }
      this.again(ask, Math.min(longestLook, this.timeoutMs * 2 ** ask.looks++));
    }
  }

  /** Whether anything without a request id is open. */
  get anonymous(): boolean {
    return [...this.open].some((ask) => ask.q.id === '');
  }

  /** Ends everything, and what comes later as long as the connection does not run again. */
  fail(e: MidasError): void {
    this.why = e;
    for (const ask of [...this.open]) {
      // What ends the connection ends no order that the server may have.
      ask.end({ error: about(e, ask.q, ask.q.order !== undefined && (ask.taken || ask.waiting || ask.q.order === 'known')) });
    }
  }

  private send(ask: Ask): void {
    clearTimeout(ask.timer);
    if (this.connection.state !== 'online') {
      return; // loggedIn comes
    }
    ask.session = this.connection.session;
    ask.expired = false;
    ask.waiting = true;
    ask.timer = setTimeout(() => this.connection.drop(`no answer within ${this.timeoutMs} ms`), this.timeoutMs);
    try {
      this.connection.send(ask.q.name, ask.q.body);
    } catch (e) {
      ask.end({ error: new MidasError('INVALID_ARGUMENT', String(e), { requestId: ask.q.id }) });
    }
  }

  private again(ask: Ask, afterMs: number): void {
    clearTimeout(ask.timer);
    ask.waiting = false;
    ask.timer = setTimeout(() => this.send(ask), afterMs);
  }

  private refused(ask: Ask, e: MidasError): void {
    this.connection.answered();
    if ((e.code === 'SESSION_EXPIRED' || e.code === 'NOT_LOGGED_IN') && ask.expiries++ < maxExpiries) {
      this.expired(ask);
      return;
    }
    const afterMs = e.retryAfterMs + jitter(this.backoff, ask.putOff);
    // The server was busy and has taken nothing. That passes, but a player must not be surprised by a purchase much later.
    const soon = (e.code === 'RATE_LIMITED' || e.code === 'BUSY') && Date.now() + afterMs - ask.begun < this.timeoutMs;
    if (e.retryable && (soon || ask.taken)) {
      ask.putOff++;
      this.again(ask, afterMs);
      return;
    }
    // The server looks for a purchase before it refuses one. It does not for goods, and what went wrong inside it tells nothing.
    const unknown = ask.q.order !== undefined && ask.taken && (ask.q.insists || e.code === 'INTERNAL');
    ask.end({ error: unknown ? about(e, ask.q, true) : e });
  }

  private expired(ask: Ask): void {
    clearTimeout(ask.timer);
    ask.waiting = false;
    if (ask.session < this.connection.session) {
      this.send(ask); // somebody else's question has led to a login meanwhile
      return;
    }
    ask.expired = true;
    this.connection.relogin();
  }
}

function aborted(requestId: string): MidasError {
  return new MidasError('ABORTED', 'nobody waits for it any more; what was asked may still happen', { retryable: true, requestId });
}

function unanswered(requestId: string): MidasError {
  return new MidasError('UNAVAILABLE', 'no answer from the server', { retryable: true, requestId });
}

/** An error as one question's. unknown: what has become of that is not known, and the same id asks for it. */
function about(e: MidasError, q: Question<unknown>, unknown: boolean): MidasError {
  const { code, message, retryAfterMs } = e;
  return new MidasError(code, message.slice(code.length + 2), { retryable: e.retryable || unknown, retryAfterMs, requestId: q.id });
}
