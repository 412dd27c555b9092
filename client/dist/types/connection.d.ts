import type { Codec } from './codec';
import { MidasError } from './error';
import { type Platform } from './platform';
import { type Body, type Message } from './wire';
/** offline: waiting to connect. connecting: until the server knows the player. closed: for good. */
export type ConnectionState = 'offline' | 'connecting' | 'online' | 'closed';
export interface Backoff {
    firstMs: number;
    maxMs: number;
}
/** How long to wait before try number tries, counted from 0: anything up to a bound that doubles, so that a fleet of clients spreads out. */
export declare function jitter(backoff: Backoff, tries: number): number;
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
export declare class Connection {
    private readonly options;
    private readonly events;
    state: ConnectionState;
    openid: string | undefined;
    /** Counts logins. */
    session: number;
    /** Counts what has been heard. */
    heard: number;
    /** There is a connection, or there will be one. */
    running: boolean;
    private socket;
    /** Counts connections. What belongs to an older one is not heard. */
    private attempt;
    private tries;
    /** No impatience makes it connect again before. */
    private restUntil;
    private login;
    private timer;
    constructor(options: ConnectionOptions, events: ConnectionEvents);
    /** Connects, and again whenever the connection is lost. If it is waiting to do so, it does it now, unless it was lost this instant. */
    start(): void;
    close(): void;
    /** Sends if there is a connection. */
    send(name: string, body: Body): void;
    /** Gets a fresh login code and logs in again, over the same connection. */
    relogin(): void;
    /** The server has answered: the next loss is the first again. */
    answered(): void;
    /** Gives the connection up and makes another, no sooner than retryAfterMs from now. */
    drop(reason: string, retryAfterMs?: number): void;
    private connect;
    /** Gives up if nobody is logged in when the time is over. */
    private watch;
    private logIn;
    private read;
    private loggedIn;
    private refused;
    private write;
    private hangUp;
    private set;
}
