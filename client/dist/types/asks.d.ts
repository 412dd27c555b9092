import { type Backoff, type Connection } from './connection';
import { MidasError } from './error';
import type { Body, Message } from './wire';
/** What an AbortController's signal has, where there is one. */
export interface AbortSignalLike {
    readonly aborted: boolean;
    addEventListener(type: 'abort', listener: () => void): void;
    removeEventListener?(type: 'abort', listener: () => void): void;
}
/** What a question's reader says of an answer that is not the last. */
export declare const later: unique symbol;
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
/** What has been asked and not been answered. It is asked again on every new connection, under the same request id. */
export declare class Asks {
    private readonly connection;
    private readonly timeoutMs;
    private readonly backoff;
    private readonly open;
    /** Why nothing is asked while there is no connection and none to come. */
    private why;
    constructor(connection: Connection, timeoutMs: number, backoff: Backoff);
    ask<T>(q: Question<T>): Promise<T>;
    /** The connection is logged in: what is open is asked, on a fresh one all of it. */
    loggedIn(fresh: boolean): void;
    /** The connection is lost. */
    lost(): void;
    /** Hands a message to those who asked. */
    take(m: Message): void;
    /** Whether anything without a request id is open. */
    get anonymous(): boolean;
    /** Ends everything, and what comes later as long as the connection does not run again. */
    fail(e: MidasError): void;
    private send;
    private again;
    private refused;
    private expired;
}
