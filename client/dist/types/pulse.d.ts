import type { Connection } from './connection';
/** Finds out whether a connection lives that has told of no end: that of a telephone that slept often does not. */
export declare class Pulse {
    private readonly connection;
    private readonly timeoutMs;
    private readonly ask;
    private timer;
    private again;
    /** ask asks the server anything that it answers. */
    constructor(connection: Connection, timeoutMs: number, ask: () => void);
    /** Asks, and gives the connection up if nothing is heard. One question at a time: another follows if feel is called meanwhile, for what the
     * first one hears may be from before the sleep. */
    feel(): void;
    /** The connection is lost. */
    stop(): void;
}
