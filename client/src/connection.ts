import type { Codec } from './codec';
import { MidasError, refusal } from './error';
import { said, type Platform, type Socket } from './platform';
import { readMessage, type Body, type Message } from './wire';

/** offline: waiting to connect. connecting: until the server knows the player. closed: for good. */
export type ConnectionState = 'offline' | 'connecting' | 'online' | 'closed';

export interface Backoff {
  firstMs: number;
  maxMs: number;
}

/** How long to wait before try number tries, counted from 0: anything up to a bound that doubles, so that a fleet of clients spreads out. */
export function jitter(backoff: Backoff, tries: number): number {
  return Math.random() * Math.min(backoff.maxMs, backoff.firstMs * 2 ** tries);
}

export interface ConnectionOptions {
  url: string;
  platform: Platform;
  codec: Codec;
  zoneId: string;
  timeoutMs: number;
  backoff: Backoff;
}

export interface ConnectionEvents {
  /** reason: why it is offline. */
  state(s: ConnectionState, reason?: string): void;
  /** The server knows the player: on a fresh connection, or again on the one there was. */
  loggedIn(openid: string, fresh: boolean): void;
  /** A message of ours that is not about a login. */
  message(m: Message): void;
  /** Every message, as it travels. */
  raw(name: string, body: Body): void;
  /** The server will not have this player. Nothing is tried any more until the next start. */
  refused(e: MidasError): void;
}

/** One connection after another, each logged in. What is asked over it is not known here. */
export class Connection {
  state: ConnectionState = 'offline';
  openid: string | undefined;
  /** Counts logins. */
  session = 0;
  /** Counts what has been heard. */
  heard = 0;
  /** There is a connection, or there will be one. */
  running = false;

  private socket: Socket | undefined;
  /** Counts connections. What belongs to an older one is not heard. */
  private attempt = 0;
  private tries = 0;
  /** No impatience makes it connect again before. */
  private restUntil = 0;
  private login: 'none' | 'code' | 'sent' = 'none';
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: ConnectionOptions, private readonly events: ConnectionEvents) {}

  /** Connects, and again whenever the connection is lost. If it is waiting to do so, it does it now, unless it was lost this instant. */
  start(): void {
    if (this.state === 'offline' && (!this.running || Date.now() >= this.restUntil)) {
      this.running = true;
      this.connect();
    }
  }

  close(): void {
    this.running = false;
    this.hangUp();
    this.set('closed');
  }

  /** Sends if there is a connection. */
  send(name: string, body: Body): void {
    if (this.state === 'online') {
      this.write(name, body);
    }
  }

  /** Gets a fresh login code and logs in again, over the same connection. */
  relogin(): void {
    if (this.state === 'online' && this.login === 'none') {
      this.logIn();
    }
  }

  /** The server has answered: the next loss is the first again. */
  answered(): void {
    this.tries = 0;
  }

  /** Gives the connection up and makes another, no sooner than retryAfterMs from now. */
  drop(reason: string, retryAfterMs = 0): void {
    this.hangUp();
    if (!this.running) {
      return;
    }
    this.restUntil = Date.now() + Math.max(retryAfterMs, this.options.backoff.firstMs);
    this.set('offline', reason);
    if (this.running) { // a listener may have closed
      this.timer = setTimeout(() => this.connect(), retryAfterMs + jitter(this.options.backoff, this.tries++));
    }
  }

  private connect(): void {
    clearTimeout(this.timer);
    const attempt = ++this.attempt;
    const current = () => attempt === this.attempt;
    this.set('connecting');
    if (!current() || !this.running) {
      return;
    }
    this.watch();
    let socket: Socket;
    try {
      socket = this.options.platform.connect(this.options.url, this.options.codec.binary, {
        open: () => current() && this.logIn(),
        message: (data) => current() && this.read(data),
        close: (reason) => current() && this.drop(reason),
      });
    } catch (e) {
      this.drop(said(e) || String(e)); // of a bad url; elsewhere that is a connection that fails
      return;
    }
    if (current()) {
      this.socket = socket;
    } else {
      socket.close();
    }
  }

  /** Gives up if nobody is logged in when the time is over. */
  private watch(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.drop(`not logged in within ${this.options.timeoutMs} ms`), this.options.timeoutMs);
  }

  private logIn(): void {
    const attempt = this.attempt;
    const { platform, zoneId } = this.options;
    this.login = 'code';
    this.watch();
    const current = () => attempt === this.attempt;
    Promise.resolve().then(() => platform.loginCode()).then((code) => {
      if (current()) {
        this.login = 'sent';
        this.write('MidasLogin', { code, zone_id: zoneId, platform: platform.platform(), ...platform.device?.() });
      }
    }, (e: unknown) => current() && this.drop(`no login code${said(e) && ': ' + said(e)}`))
      .catch(() => current() && this.drop('the login cannot be written')); // the error might tell the code
  }

  private read(data: string | ArrayBuffer): void {
    this.heard++;
    const frame = this.options.codec.decode(data);
    if (!frame) {
      return;
    }
    const m = readMessage(frame.name, frame.body);
    if (this.login === 'sent' && m?.name === 'MidasLoginResult') {
      this.loggedIn(m.body.openid);
    } else if (this.login === 'sent' && m?.name === 'MidasError' && m.body.request_id === '') {
      this.refused(refusal(m.body));
    } else if (m) {
      this.events.message(m);
    }
    this.events.raw(frame.name, m ? { ...m.body } : frame.body);
  }

  private loggedIn(openid: string): void {
    const fresh = this.state !== 'online';
    clearTimeout(this.timer);
    this.login = 'none';
    this.session++;
    this.openid = openid;
    this.set('online');
    this.events.loggedIn(openid, fresh);
  }

  private refused(e: MidasError): void {
    if (e.retryable) {
      this.drop(e.message, e.retryAfterMs);
      return;
    }
    this.running = false;
    this.hangUp();
    this.events.refused(e);
    this.set('offline', e.message); // a listener may ask, or log in again
  }

  private write(name: string, body: Body): void {
    try {
      this.socket?.send(this.options.codec.encode(name, body));
    } catch (e) {
      if (e instanceof TypeError || e instanceof RangeError) {
        throw e; // the body cannot be written: the caller's fault
      }
      this.drop('send failed');
    }
  }

  private hangUp(): void {
    this.attempt++;
    this.login = 'none';
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = undefined;
    try {
      socket?.close();
    } catch {
      // Some throw when they are closed already, and that is what was wanted.
    }
  }

  private set(s: ConnectionState, reason?: string): void {
    if (this.state !== s) {
      this.state = s;
      this.events.state(s, reason);
    }
  }
}
