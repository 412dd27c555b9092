import { MidasError, type PaymentFailure } from './error';
import type { Message } from './wire';
/** A payment window to open. */
export interface PaymentWindow<T> {
    /** The request it is for. */
    id: string;
    open(): Promise<void>;
    /** Reads what the server says meanwhile: a value ends the waiting, as if the window had called back. */
    read(m: Message): T | undefined;
    /** Asks the server for something to read. */
    look(): void;
    /** Asks when the player comes back to the game, perhaps from the window; the balance is asked for anyway. */
    back?(): void;
    /** The window has called back after it was given up. */
    late(failed: PaymentFailure | undefined): void;
}
/** How the waiting for a window has ended. */
export interface Ending<T> {
    /** What it failed with, or that it did not call back in time; undefined: it is paid. */
    failed?: PaymentFailure | undefined;
    /** What the server said before the window called back. */
    seen?: T;
}
/** The payment windows that are open. Some never call back: what the server says ends the waiting too, and so does time. */
export declare class Windows {
    private readonly withinMs;
    private readonly all;
    constructor(withinMs: number);
    /** Opens a window and waits for its end. Rejects when the client is closed. */
    wait<T>(w: PaymentWindow<T>): Promise<Ending<T>>;
    take(m: Message): void;
    back(): void;
    fail(e: MidasError): void;
}
